/** JSON Web Signatures as ACME wants them: flattened (RFC 7515 7.2.2), ES256 or, for a binding, HS256. */
import { createHash, createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';

/** The public part of a P-256 key as a JSON Web Key (RFC 7517), its members in the order of RFC 7638. */
export interface Jwk {
  readonly crv: string;
  readonly kty: string;
  readonly x: string;
  readonly y: string;
}

/** A signature in its flattened form, each part in base64url. */
export interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

const toBase64url = (data: string | Buffer): string => Buffer.from(data).toString('base64url');

/** The public part of a P-256 key. */
export function jwkOf(key: KeyObject): Jwk {
  const { crv = '', kty = '', x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' });
  return { crv, kty, x, y };
}

/** Thumbprint of the key (RFC 7638), SHA-256 in base64url. */
export const thumbprintOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(JSON.stringify(jwkOf(key)))
    .digest('base64url');

/**
 * Signs a request (RFC 8555 6.2). `account` is the account's URL; without it the header carries the key
 * itself. A payload of undefined is the empty one of POST-as-GET (6.3).
 */
export function signRequest(
  key: KeyObject,
  header: { readonly account?: string; readonly nonce: string; readonly url: string },
  payload: unknown,
): Jws {
  const { account, nonce, url } = header;
  const signer = account === undefined ? { jwk: jwkOf(key) } : { kid: account };
  const head = toBase64url(JSON.stringify({ alg: 'ES256', ...signer, nonce, url }));
  const body = payload === undefined ? '' : toBase64url(JSON.stringify(payload));
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' });
  return { protected: head, payload: body, signature: signature.toString('base64url') };
}

/** External account binding (RFC 8555 7.3.4): the account's key under the MAC key that the CA handed out. */
export function bindAccount(
  key: KeyObject,
  binding: { readonly kid: string; readonly hmacKey: string },
  url: string,
): Jws {
  const head = toBase64url(JSON.stringify({ alg: 'HS256', kid: binding.kid, url }));
  const body = toBase64url(JSON.stringify(jwkOf(key)));
  const mac = createHmac('sha256', Buffer.from(binding.hmacKey, 'base64url')).update(`${head}.${body}`);
  return { protected: head, payload: body, signature: mac.digest('base64url') };
}
