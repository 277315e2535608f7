/** What a request shows to be let in: a bearer token, or a user's address and key. */
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { keySecret } from '../../store/tokens.ts';

type Shown = Pick<FastifyRequest, 'headers'>;

/** Whether a request comes with a user's address and key. */
export const isByKey = ({ headers }: Shown): boolean => headers.authorization === undefined;

/**
 * The secret of the caller's token. Throws `not_authenticated`, `missing_key`, or `invalid_headers`, `invalid_auth_email`,
 * `invalid_auth_key` for what is malformed.
 */
export function secretOf(request: Shown): string {
  const { authorization } = request.headers;
  if (authorization === undefined) return keyIn(request);
  const [, secret] = /^Bearer +([\w.~+/=-]{1,200})$/i.exec(authorization) ?? [];
  if (secret !== undefined) return secret;
  throw new Fault('invalid_headers', 'the Authorization header must be `Bearer <token>`');
}

/** A user's address and key as one secret. */
function keyIn({ headers }: Shown): string {
  const [email, key] = [headers['x-auth-email'], headers['x-auth-key']];
  if (email === undefined && key === undefined) {
    const ways = '`Authorization: Bearer <token>`, or `X-Auth-Email` and `X-Auth-Key`';
    throw new Fault('not_authenticated', `authentication is missing: send ${ways}`);
  }
  if (typeof email !== 'string' || typeof key !== 'string')
    throw new Fault('missing_key', 'X-Auth-Email and X-Auth-Key come together, each once');
  if (!/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email))
    throw new Fault('invalid_auth_email', 'the X-Auth-Email header must be an e-mail address');
  if (!/^[0-9a-f]{32,64}$/.test(key))
    throw new Fault('invalid_auth_key', 'the X-Auth-Key header must be 32 to 64 hexadecimal characters');
  return keySecret(email, key);
}
