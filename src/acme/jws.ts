/** JSON Web Signatures as ACME wants them: flattened (RFC 7515 7.2.2), ES256, RS256 or, for a binding, HS256. */
import { createHash, createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readAll } from './der.ts';

/** The public part of a key as a JSON Web Key (RFC 7517), its members in the order of RFC 7638. */
export type Jwk = Readonly<Record<string, string>>;

/** A signature in its flattened form, each part in base64url. */
export interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

const toBase64url = (data: string | Buffer): string => Buffer.from(data).toString('base64url');

/** The public part of a P-256 or RSA key. */
export function jwkOf(key: KeyObject): Jwk {
  const {
    crv = '',
    e = '',
    kty = '',
    n = '',
    x = '',
    y = '',
  } = createPublicKey(key).export({ format: 'jwk' });
  return kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
}

/** Thumbprint of the key (RFC 7638), SHA-256 in base64url. */
export const thumbprintOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(JSON.stringify(jwkOf(key)))
    .digest('base64url');

/**
 * Signs a request (RFC 8555 6.2), ES256 with a P-256 key and RS256 with an RSA key. `account` is the account's URL;
 * without it the header carries the key itself. The inner signature of a change of keys has no nonce (7.3.5). A payload
 * of undefined is the empty one of POST-as-GET (6.3).
 */
export function signRequest(
  key: KeyObject,
  header: { readonly account?: string; readonly nonce?: string; readonly url: string },
  payload: unknown,
): Jws {
  const { account, nonce, url } = header;
  const signer = account === undefined ? { jwk: jwkOf(key) } : { kid: account };
  const isRsa = key.asymmetricKeyType === 'rsa';
  const alg = isRsa ? 'RS256' : 'ES256';
  const head = toBase64url(JSON.stringify({ alg, ...signer, nonce, url }));
  const body = payload === undefined ? '' : toBase64url(JSON.stringify(payload));
  // Asked for with `dsaEncoding`, a signature takes more than twice the time of one in DER.
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), key);
  return {
    protected: head,
    payload: body,
    signature: (isRsa ? signature : fixedLength(signature)).toString('base64url'),
  };
}

/** The two numbers of a P-256 signature in DER, 32 bytes each (RFC 7518 3.4). */
function fixedLength(signature: Buffer): Buffer {
  const [pair] = readAll(signature);
  const numbers = readAll(pair?.contents ?? Buffer.alloc(0)).map(({ contents }) => contents.subarray(-32));
  return Buffer.concat(numbers.map((number) => Buffer.concat([Buffer.alloc(32 - number.length), number])));
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
