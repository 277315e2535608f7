import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Jws } from './jws.ts';
import { Refusal } from './problems.ts';
import { isObject, stringIn } from './reading.ts';

/** Public members of a key (RFC 7518 6), and nothing else that a client may have sent with it. */
export type Jwk =
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

/** Signature algorithms of account keys. */
const ALGORITHMS = ['ES256', 'RS256'] as const;

/** Bits of an RSA key that are accepted. */
const RSA_BITS = { least: 2_048, most: 8_192 } as const;

/** The key of a `jwk` header. Throws `badPublicKey`, or `malformed` for what is no key at all. */
export function readJwk(value: unknown): Jwk {
  if (!isObject(value)) throw new Refusal('malformed', 'jwk is not an object');
  if ('d' in value)
    throw new Refusal('badPublicKey', 'jwk holds a private key; never send it, and replace it');
  const member = (name: string) => stringIn(value, name, 'jwk');
  const kty = member('kty');
  const jwk: Jwk =
    kty === 'EC'
      ? { kty, crv: member('crv'), x: member('x'), y: member('y') }
      : { kty: 'RSA', n: member('n'), e: member('e') };
  if (kty !== jwk.kty) throw new Refusal('badPublicKey', 'the account key must be EC P-256 or RSA');
  checkKey(keyOf(jwk));
  return jwk;
}

/** Each request of an account has its key read; reading it takes as long as verifying with it. */
const READ = new WeakMap<Jwk, KeyObject>();

/** The key for use with node:crypto. Throws `badPublicKey`. */
function keyOf(jwk: Jwk): KeyObject {
  try {
    const key = READ.get(jwk) ?? createPublicKey({ key: { ...jwk }, format: 'jwk' });
    READ.set(jwk, key);
    return key;
  } catch {
    throw new Refusal('badPublicKey', 'the account key is not a valid EC P-256 or RSA key');
  }
}

function checkKey(key: KeyObject): void {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const isEc = key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1';
  const isRsa = modulusLength >= RSA_BITS.least && modulusLength <= RSA_BITS.most;
  if (!isEc && !isRsa) {
    throw new Refusal('badPublicKey', 'the account key must be EC P-256, or RSA of 2048 to 8192 bits');
  }
}

/** RFC 7638, base64url. */
export function thumbprintOf(jwk: Jwk): string {
  const canonical =
    jwk.kty === 'EC'
      ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
      : { e: jwk.e, kty: jwk.kty, n: jwk.n };
  return createHash('sha256').update(JSON.stringify(canonical)).digest('base64url');
}

/** Checks the signature of a request. Throws `badSignatureAlgorithm` or `malformed`. */
export function checkSignature(jws: Jws, jwk: Jwk): void {
  const expected = jwk.kty === 'EC' ? 'ES256' : 'RS256';
  if (jws.header.alg !== expected) {
    const detail = `alg must be ${expected} for this key; the server takes ${ALGORITHMS.join(' and ')}`;
    throw new Refusal('badSignatureAlgorithm', detail, { algorithms: ALGORITHMS });
  }
  const key = { key: keyOf(jwk), dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', jws.signingInput, key, jws.signature)) {
    throw new Refusal('malformed', 'the signature of the request does not verify');
  }
}
