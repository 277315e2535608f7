import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import type { Actor } from '../../store/audit.ts';
import { getEntry } from '../../store/entry.ts';
import type { Gate, Passage } from '../../store/gate.ts';
import { keySecret, type Token } from '../../store/tokens.ts';
import type { Zone } from '../../store/zones.ts';
import type { ApiDeps } from '../deps.ts';

/** Permissions by Cloudflare's names. */
export type Permission =
  | 'SSL and Certificates Read'
  | 'SSL and Certificates Write'
  | 'Zone Read'
  | 'Zone Write'
  | 'Account Settings Read'
  | 'API Tokens Read'
  | 'API Tokens Write';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's token; every route below /client/v4 has one. */
    token: Token;
    /** The zone of the path, where the token's account has it. */
    zone: Zone | undefined;
  }
}

/** Lets only bearers of a known token in. */
export function authenticate(app: FastifyInstance, { pool, clock }: Pick<ApiDeps, 'pool' | 'clock'>): void {
  app.addHook('onRequest', async (request) => {
    const ask = { secret: bearerOf(request), zoneId: zoneIdOf(request) };
    const entry = await getEntry(pool, ask, clock.now());
    if (!entry) throw new Fault('invalid_token', 'the API token is not valid here');
    request.token = entry.token;
    request.zone = entry.zone;
  });
}

/** What the path has in the place of a zone's id, if that can be one. */
function zoneIdOf({ params }: FastifyRequest): string | undefined {
  const isRoute = typeof params === 'object' && params !== null && 'zone_id' in params;
  const id = isRoute ? String(params.zone_id) : '';
  return isHexId(id) ? id : undefined;
}

/** The token that the gate found. Throws `invalid_token` where it found none. */
export function tokenOf({ token }: Passage): Token {
  if (!token) throw new Fault('invalid_token', 'the API token is not valid here');
  return token;
}

/** The secret of the caller's token. Throws `not_authenticated` or `invalid_headers`. */
export function bearerOf({ headers }: FastifyRequest): string {
  const header = headers.authorization;
  const [email, key] = [headers['x-auth-email'], headers['x-auth-key']];
  if (header === undefined && typeof email === 'string' && typeof key === 'string') return keyOf(email, key);
  if (header === undefined) {
    const ways = '`Authorization: Bearer <token>`, or `X-Auth-Email` and `X-Auth-Key`';
    throw new Fault('not_authenticated', `authentication is missing: send ${ways}`);
  }
  const [, secret] = /^Bearer +([\w.~+/=-]{1,200})$/i.exec(header) ?? [];
  if (secret === undefined) {
    throw new Fault('invalid_headers', 'the Authorization header must be `Bearer <token>`');
  }
  return secret;
}

/** A user's address and key as one secret. Throws `invalid_headers`. */
function keyOf(email: string, key: string): string {
  if (!/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email))
    throw new Fault('invalid_headers', 'the X-Auth-Email header must be an e-mail address');
  if (!/^[0-9a-f]{37,64}$/.test(key))
    throw new Fault(
      'invalid_headers',
      'the X-Auth-Key header must be a key of 37 hexadecimal characters or more',
    );
  return keySecret(email, key);
}

/** Who makes a request, for the record of what was done. */
export const actorOf = ({ token, ip, id }: FastifyRequest): Actor => ({
  id: token.id,
  name: token.name,
  address: ip,
  request: id,
});

/** Throws `missing_permission` that names it, unless the token has it. */
function demandOf(token: Token, permission: Permission): void {
  const { access } = token;
  const isEnough =
    access === 'write' || (access === 'certificates' && permission === 'SSL and Certificates Write');
  if (!permission.endsWith('Write') || isEnough) return;
  const may = access === 'read' ? 'may only read' : 'may write nothing but certificate packs';
  throw new Fault('missing_permission', `this token ${may}; the request needs '${permission}'`);
}

/** As `demandOf`, for the caller's token. */
export const demand = ({ token }: FastifyRequest, permission: Permission): void =>
  demandOf(token, permission);

/** As `demand`, for what concerns the whole account: a token limited to zones does not do. */
export const demandAccount = ({ token }: FastifyRequest, permission: Permission): void =>
  demandAllZones(token, permission);

/** Throws `missing_permission` that names it, unless the token has it for every zone of its account. */
export function demandAllZones(token: Token, permission: Permission): void {
  demandOf(token, permission);
  if (token.zones) {
    const sentence = `this token is limited to certain zones; the request needs '${permission}' for all zones`;
    throw new Fault('missing_permission', sentence);
  }
}

/** Throws `invalid_object_id` or `missing_permission` unless the token may do that in such a zone. */
export function checkReach(
  token: Token,
  { url }: { readonly url: string },
  zoneId: string,
  permission: Permission,
): void {
  if (!isHexId(zoneId)) throw unroutable(url, 'a zone id');
  if (token.zones && !token.zones.includes(zoneId)) {
    throw new Fault('missing_permission', `this token has no '${permission}' for zone ${zoneId}`);
  }
  demandOf(token, permission);
}

/** Throws `invalid_object_id`, or `missing_permission` unless the account is the token's own and it may do that. */
export function checkAccount(
  token: Token,
  { url }: { readonly url: string },
  accountId: string,
  permission: Permission,
): void {
  if (!isHexId(accountId)) throw unroutable(url, 'an account id');
  if (accountId !== token.accountId) {
    throw new Fault('missing_permission', `this token has no '${permission}' for account ${accountId}`);
  }
  demandOf(token, permission);
}

/** Whether a text can be the id of an account or a zone. */
export const isHexId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

function unroutable(url: string, what: string): Fault {
  const shown = url.split('?')[0]?.slice(0, 200);
  return new Fault('invalid_object_id', `could not route to ${shown}: ${what} has 32 hexadecimal characters`);
}

/**
 * The zone of a request, for a caller who may do that in it. Throws as `checkReach`, or `zone_not_found`, also for a
 * zone of another account.
 */
export function zoneOf(request: FastifyRequest, zoneId: string, permission: Permission): Zone {
  const { token, zone } = request;
  checkReach(token, request, zoneId, permission);
  if (!zone) throw new Fault('zone_not_found', `zone ${zoneId} not found`);
  return zone;
}

/** As `zoneOf`, through the gate: the caller's token, and the version of the zone. */
export async function passInto(
  gate: Gate,
  request: FastifyRequest,
  zoneId: string,
  permission: Permission,
): Promise<{ readonly token: Token; readonly version: number }> {
  const passage = await gate.pass(bearerOf(request), isHexId(zoneId) ? zoneId : '');
  const token = tokenOf(passage);
  request.token = token;
  checkReach(token, request, zoneId, permission);
  if (passage.version === undefined) throw new Fault('zone_not_found', `zone ${zoneId} not found`);
  return { token, version: passage.version };
}
