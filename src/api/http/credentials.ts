/** What a request shows to be let in: a bearer token, a user's address and key, or the session of a browser that is signed in. */
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { keySecret } from '../../store/tokens.ts';
import { sessionCookieIn } from './session-cookie.ts';

type Asking = Pick<FastifyRequest, 'headers' | 'protocol'>;

export interface Credential {
  readonly kind: 'token' | 'key' | 'session';
  readonly secret: string;
}

/**
 * What is shown, whether it is good or not. Throws `not_authenticated`, `missing_key`, or `invalid_headers`,
 * `invalid_auth_email`, `invalid_auth_key` for what is malformed.
 */
export function credentialOf(request: Asking): Credential {
  const { authorization } = request.headers;
  if (authorization === undefined) return keyIn(request) ?? sessionIn(request);
  // The tokens of some client suites have blanks in them.
  const [, secret] = /^Bearer +([\w.~+/=-][\w.~+/= -]{0,199})$/i.exec(authorization) ?? [];
  if (secret !== undefined) return { kind: 'token', secret };
  throw new Fault('invalid_headers', 'the Authorization header must be `Bearer <token>`');
}

/** A user's address and key as one secret; undefined where neither was sent. */
function keyIn({ headers }: Asking): Credential | undefined {
  const [email, key] = [headers['x-auth-email'], headers['x-auth-key']];
  if (email === undefined && key === undefined) return undefined;
  if (typeof email !== 'string' || typeof key !== 'string')
    throw new Fault('missing_key', 'X-Auth-Email and X-Auth-Key come together, each once');
  if (!/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email))
    throw new Fault('invalid_auth_email', 'the X-Auth-Email header must be an e-mail address');
  if (!/^[0-9a-f]{32,64}$/.test(key))
    throw new Fault('invalid_auth_key', 'the X-Auth-Key header must be 32 to 64 hexadecimal characters');
  return { kind: 'key', secret: keySecret(email, key) };
}

function sessionIn(request: Asking): Credential {
  const secret = sessionCookieIn(request);
  if (secret !== undefined) {
    demandOwnPage(request);
    return { kind: 'session', secret };
  }
  const ways = '`Authorization: Bearer <token>`, or `X-Auth-Email` and `X-Auth-Key`';
  throw new Fault('not_authenticated', `authentication is missing: send ${ways}`);
}

/** Header that the dashboard sends with each request. No page elsewhere can have a browser send it here. */
const OWN_HEADER = 'x-certpacks-dashboard';

/**
 * Throws `not_authenticated` unless a page of ours asks. A browser adds the cookie to whatever any page sends here; a header of
 * one's own it sends to another origin only where that allows it (CORS), and ours allows nothing.
 */
export function demandOwnPage(request: Pick<Asking, 'headers'>): void {
  if (isOwnPage(request)) return;
  throw new Fault('not_authenticated', `a session counts only for pages of this service: with ${OWN_HEADER}`);
}

/** Whether a page of ours asks. */
export function isOwnPage({ headers }: Pick<Asking, 'headers'>): boolean {
  const site = headers['sec-fetch-site'];
  return headers[OWN_HEADER] !== undefined && (site === undefined || site === 'same-origin');
}
