import type { X509Certificate } from 'node:crypto';
import { type DerValue, readAll } from './der.ts';

/** 2.5.29.35. */
const AUTHORITY_KEY_IDENTIFIER = Buffer.from([0x55, 0x1d, 0x23]);
/** `keyIdentifier [0]` of RFC 5280 4.2.1.1, and `extensions [3]` of 4.1. */
const [KEY_IDENTIFIER, EXTENSIONS] = [0x80, 0xa3];

/**
 * How renewal information calls a certificate (RFC 9773 4.1): key identifier of the issuer and serial number, each in
 * base64url. Undefined for a certificate without the first.
 */
export function renewalIdOf({ raw }: X509Certificate): string | undefined {
  const [body] = childrenOf(readAll(raw)[0]);
  const [, serial, ...rest] = childrenOf(body);
  const extensions = childrenOf(childrenOf(rest.find(({ tag }) => tag === EXTENSIONS))[0]).map(childrenOf);
  const value = extensions.find(([id]) => id?.contents.equals(AUTHORITY_KEY_IDENTIFIER))?.at(-1);
  const [identifiers] = value ? readAll(value.contents) : [];
  const key = childrenOf(identifiers).find(({ tag }) => tag === KEY_IDENTIFIER);
  if (!key || !serial) return undefined;
  return `${key.contents.toString('base64url')}.${serial.contents.toString('base64url')}`;
}

const childrenOf = (value: DerValue | undefined): DerValue[] => (value ? readAll(value.contents) : []);
