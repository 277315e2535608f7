/** What a list (CRL) or a responder (OCSP) of a CA says, and how it is seen that the CA said it. */
import { type KeyObject, verify } from 'node:crypto';
import { type DerValue, ifDer, valuesOf } from '../kit/der-values.ts';

const BITS = 0x03;

/** A certificate that was revoked. */
export interface RevokedEntry {
  readonly on: Date | undefined;
  /** Name of RFC 5280 5.3.1; undefined: none is told. */
  readonly reason: string | undefined;
}

/** What is said. */
export interface RevocationAnswer {
  /** By serial numbers in upper-case hexadecimal without leading zeros. */
  readonly revoked: ReadonlyMap<string, RevokedEntry>;
  /** When there is something newer at the latest; undefined: it is not told. */
  readonly nextUpdate: Date | undefined;
}

/** Names of the numbers of RFC 5280 5.3.1. */
export const REASONS: Readonly<Record<number, string>> = {
  1: 'keyCompromise',
  2: 'cACompromise',
  3: 'affiliationChanged',
  4: 'superseded',
  5: 'cessationOfOperation',
  6: 'certificateHold',
  9: 'privilegeWithdrawn',
  10: 'aACompromise',
};

/** The same number is told with zeros before it and without. */
export const toSerial = (hex: string): string => hex.toUpperCase().replace(/^0+(?=.)/, '');

const HASHES: Readonly<Record<string, string>> = {
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
};

/** Whether this key signed a value, as the algorithm and the signature behind it show; those of ECDSA and RSA with SHA-2 are taken. Never throws. */
export function isSigned(
  signed: DerValue,
  [algorithm, signature]: readonly (DerValue | undefined)[],
  key: KeyObject,
): boolean {
  const [id] = algorithm ? ifDer(() => valuesOf(algorithm.contents), []) : [];
  const hash = HASHES[id?.contents.toString('hex') ?? ''];
  if (hash === undefined || signature?.tag !== BITS) return false;
  try {
    return verify(hash, signed.whole, key, signature.contents.subarray(1));
  } catch {
    return false;
  }
}
