import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import { thumbprintOf } from './jws.ts';

/** An account at a server (RFC 8555 7.1.2): its URL, which is its `kid`, and its private key. */
export interface Account {
  readonly url: string;
  readonly key: KeyObject;
}

/** A new private key for an account: P-256, for ES256. */
export const newAccountKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** The key as PKCS#8 PEM. A secret. */
export const exportAccountKey = (key: KeyObject): string =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** The key of a PKCS#8 PEM. Throws `configuration` for anything but a private P-256 key. */
export function importAccountKey(pem: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause is left out: it could show a part of the key.
  }
  if (key?.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  throw new Fault('configuration', 'the key of an ACME account is not a P-256 key in PKCS#8 PEM');
}

/** Key authorization of a challenge's token (RFC 8555 8.1). */
export const keyAuthorization = (token: string, accountKey: KeyObject): string =>
  `${token}.${thumbprintOf(accountKey)}`;

/** Value of the TXT record that answers a dns-01 challenge (RFC 8555 8.4). */
export const dnsTxtValue = (token: string, accountKey: KeyObject): string =>
  createHash('sha256').update(keyAuthorization(token, accountKey)).digest('base64url');
