import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { isAllowed } from '../../pack/client-address.ts';
import { isGranted, isGrantedIn, type Permission } from '../../pack/permission.ts';
import type { Actor } from '../../store/audit.ts';
import { getCaller, type ListCallers } from '../../store/authentication.ts';
import type { Token } from '../../store/token-row.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import type { Credential } from './credentials.ts';
import { findSession, shownBy } from './sessions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's token; every route below /client/v4 has one. */
    token: Token;
    /** The zone of the path, where the token's account has it. */
    zone: Zone | undefined;
    /** How long the caller wanted to wait, and did, in milliseconds. */
    waitedMs: number;
  }
}

type AuthDeps = Pick<ApiDeps, 'pool' | 'clock' | 'browserClock'>;

/** Lets only bearers of a good token in. */
export function authenticate(app: FastifyInstance, deps: AuthDeps): void {
  app.addHook('onRequest', (request) => letIn(deps, request));
}

/** Lets the caller of a request that took long in once more, by what holds now. Throws as at its beginning. */
export async function letInAgain(deps: AuthDeps, request: FastifyRequest): Promise<void> {
  await findSession(deps, request);
  await letIn(deps, request);
}

async function letIn({ pool, clock }: AuthDeps, request: FastifyRequest): Promise<void> {
  const { kind, shown } = shownBy(request);
  const caller = await getCaller(pool, { shown, zoneId: zoneIdOf(request) }, clock.now());
  admit(request, caller?.token, kind);
  request.zone = caller?.zone;
}

/** What the path has in the place of a zone's id, if that can be one. */
function zoneIdOf({ params }: FastifyRequest): string | undefined {
  const isRoute = typeof params === 'object' && params !== null && 'zone_id' in params;
  const id = isRoute ? String(params.zone_id) : '';
  return isHexId(id) ? id : undefined;
}

/**
 * Takes the token that was found as the request's, and returns it. Throws `invalid_token` or `unknown_key` where none was,
 * `missing_permission` where the request comes from an address that the token is not for.
 */
function admit(request: FastifyRequest, token: Token | undefined, kind: Credential['kind']): Token {
  if (!token) throw refusalOf(kind);
  const { ip } = request;
  if (token.requestIp && !isAllowed(token.requestIp, ip))
    throw new Fault('missing_permission', `this token cannot be used from ${ip}: its condition.request_ip`);
  request.token = token;
  return token;
}

const refusalOf = (kind: Credential['kind']): Fault =>
  kind === 'key'
    ? new Fault('unknown_key', 'the X-Auth-Key is not known here, or not with that X-Auth-Email')
    : new Fault('invalid_token', 'the API token is not valid here');

/** Who makes a request, for the record of what was done. */
export const actorOf = ({ token, ip, id }: FastifyRequest): Actor => ({
  id: token.id,
  name: token.name,
  address: ip,
  request: id,
});

/** Throws `missing_permission` that names it, unless the token has it for all of its account. */
export function demandAll({ policies }: Token, permission: Permission): void {
  if (isGranted(policies, permission)) return;
  throw new Fault('missing_permission', `this token has no '${permission}' for all of its account`);
}

/** Throws `invalid_object_id` or `missing_permission` unless the token may do that in such a zone. */
export function checkReach(
  { policies }: Token,
  { url }: { readonly url: string },
  zoneId: string,
  permission: Permission,
): void {
  if (!isHexId(zoneId)) throw unroutable(url, 'zone');
  if (!isGrantedIn(policies, permission, zoneId))
    throw new Fault('missing_permission', `this token has no '${permission}' for zone ${zoneId}`);
}

/** Throws `invalid_object_id`, or `missing_permission` unless the account is the token's own. */
export function checkAccount(
  token: Token,
  { url }: { readonly url: string },
  accountId: string,
  permission: Permission,
): void {
  if (!isHexId(accountId)) throw unroutable(url, 'account');
  if (accountId !== token.accountId)
    throw new Fault('missing_permission', `this token has no '${permission}' for account ${accountId}`);
}

/** Whether a text can be the id of an account or a zone. */
export const isHexId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

function unroutable(url: string, what: 'zone' | 'account'): Fault {
  const shown = url.split('?')[0]?.slice(0, 200);
  const sentence = `could not route to ${shown}: the ${what}'s id has 32 hexadecimal characters`;
  return new Fault('invalid_object_id', sentence, { pointer: `/${what}_id` });
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

/** Lets the bearer of a good token into a list: the token, and the version of the zone with that id, if there is one. */
export async function passIn(
  callers: ListCallers,
  request: FastifyRequest,
  zoneId: string,
): Promise<{ readonly token: Token; readonly version: number | undefined }> {
  const { kind, shown } = shownBy(request);
  const { token, version } = await callers.get(shown, isHexId(zoneId) ? zoneId : '');
  return { token: admit(request, token, kind), version };
}

/** As `zoneOf`, into a list: the caller's token, and the version of the zone. */
export async function passIntoZone(
  callers: ListCallers,
  request: FastifyRequest,
  zoneId: string,
  permission: Permission,
): Promise<{ readonly token: Token; readonly version: number }> {
  const { token, version } = await passIn(callers, request, zoneId);
  checkReach(token, request, zoneId, permission);
  if (version === undefined) throw new Fault('zone_not_found', `zone ${zoneId} not found`);
  return { token, version };
}
