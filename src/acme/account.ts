import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import { thumbprintOf } from './jws.ts';

/** An account at a server (RFC 8555 7.1.2): its URL, which is its `kid`, and its private key. */
export interface Account {
  readonly url: string;
  readonly key: KeyObject;
}

/** How an account signs (RFC 7518 3.1). */
export type AccountAlgorithm = 'ES256' | 'RS256';

/** A new private key for an account: P-256, or RSA of 2048 bits for a CA that takes no ECDSA. */
export const newAccountKey = (algorithm: AccountAlgorithm = 'ES256'): KeyObject =>
  algorithm === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    : generateKeyPairSync('rsa', { modulusLength: LEAST_RSA }).privateKey;

/** Bits. */
const LEAST_RSA = 2_048;

/** The key as PKCS#8 PEM. A secret. */
export const exportAccountKey = (key: KeyObject): string =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** The key of a PKCS#8 PEM. Throws `configuration` for anything but a private P-256 key, or RSA key of 2048 bits. */
export function importAccountKey(pem: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause is left out: it could show a part of the key.
  }
  const { namedCurve, modulusLength = 0 } = key?.asymmetricKeyDetails ?? {};
  const isRsa = key?.asymmetricKeyType === 'rsa' && modulusLength >= LEAST_RSA;
  if (key && (namedCurve === 'prime256v1' || isRsa)) return key;
  throw new Fault(
    'configuration',
    'the key of an ACME account is neither P-256 nor RSA of 2048 bits, in PKCS#8 PEM',
  );
}

/** Key authorization of a challenge's token (RFC 8555 8.1). */
export const keyAuthorization = (token: string, accountKey: KeyObject): string =>
  `${token}.${thumbprintOf(accountKey)}`;

/** Value of the TXT record that answers a dns-01 challenge (RFC 8555 8.4). */
export const dnsTxtValue = (token: string, accountKey: KeyObject): string =>
  createHash('sha256').update(keyAuthorization(token, accountKey)).digest('base64url');
