/** Lists of what a CA revoked (CRLs, RFC 5280 5): where a leaf says that its own is, and what one says. */
import { verify, type X509Certificate } from 'node:crypto';
import { type DerValue, extensionsOf, ifDer, valuesIn, valuesOf } from '../kit/der-values.ts';

const TAG = {
  integer: 0x02,
  bits: 0x03,
  sequence: 0x30,
  first: 0xa0,
  url: 0x86,
  utc: 0x17,
  generalized: 0x18,
} as const;
const [DISTRIBUTION_POINTS, REASON] = ['551d1f', '551d15'];
const MOST_URLS = 4;

/** URLs by plain HTTP at which a leaf says that the list is on which it would stand. */
export const listUrlsOf = (leaf: X509Certificate): string[] => ifDer(() => urlsIn(leaf), []);

function urlsIn(leaf: X509Certificate): string[] {
  const points = extensionsOf(leaf.raw).get(DISTRIBUTION_POINTS);
  const urls = (points ? valuesIn(points.contents) : []).flatMap(({ contents }) => {
    const name = valuesOf(contents).find(({ tag }) => tag === TAG.first);
    const full = name && valuesOf(name.contents).find(({ tag }) => tag === TAG.first);
    return full ? valuesOf(full.contents).filter(({ tag }) => tag === TAG.url) : [];
  });
  return urls
    .map(({ contents }) => contents.subarray(0, 1_000).toString('latin1'))
    .filter((url) => url.startsWith('http://'))
    .slice(0, MOST_URLS);
}

/** An entry of a list. */
export interface RevokedEntry {
  readonly on: Date | undefined;
  /** Name of RFC 5280 5.3.1; undefined: none is told. */
  readonly reason: string | undefined;
}

/** What a list says. */
export interface Crl {
  /** By serial numbers in upper-case hexadecimal without leading zeros, as Node has them. */
  readonly revoked: ReadonlyMap<string, RevokedEntry>;
  /** When the CA makes the next one at the latest; undefined: it does not say. */
  readonly nextUpdate: Date | undefined;
}

const HASHES: Readonly<Record<string, string>> = {
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
};

/** Reads a list in DER that the issuer of a leaf signed; in words why it is none. Never throws. */
export const readCrl = (der: Buffer, issuer: X509Certificate): Crl | string =>
  ifDer(() => crlIn(der, issuer), 'it is no list in DER: a value has an indefinite length, which is BER');

function crlIn(der: Buffer, issuer: X509Certificate): Crl | string {
  const [signed, algorithm, signature] = valuesIn(der);
  if (!signed || !algorithm || signature?.tag !== TAG.bits) return 'it is no list in DER';
  if (!isSigned(signed, algorithm, signature, issuer)) return 'it is not signed by the issuer of the leaf';
  const fields = valuesOf(signed.contents).filter(({ tag }, i) => !(i === 0 && tag === TAG.integer));
  // Signature algorithm, issuer, this update; then next update and what is revoked, each of which may be missing.
  const [, , , ...rest] = fields;
  const next = rest.find(({ tag }) => tag === TAG.utc || tag === TAG.generalized);
  const entries = rest.find(({ tag }) => tag === TAG.sequence);
  const revoked = new Map<string, RevokedEntry>();
  for (const entry of entries ? valuesOf(entries.contents) : []) addEntry(revoked, entry);
  return { revoked, nextUpdate: next && timeIn(next) };
}

function isSigned(
  signed: DerValue,
  algorithm: DerValue,
  signature: DerValue,
  issuer: X509Certificate,
): boolean {
  const hash = HASHES[valuesOf(algorithm.contents)[0]?.contents.toString('hex') ?? ''];
  if (hash === undefined) return false;
  try {
    return verify(hash, signed.whole, issuer.publicKey, signature.contents.subarray(1));
  } catch {
    return false;
  }
}

function addEntry(revoked: Map<string, RevokedEntry>, { contents }: DerValue): void {
  const [serial, on, extensions] = valuesOf(contents);
  if (serial?.tag !== TAG.integer) return;
  const number = serial.contents
    .toString('hex')
    .toUpperCase()
    .replace(/^0+(?=.)/, '');
  revoked.set(number, { on: on && timeIn(on), reason: extensions && reasonIn(extensions) });
}

/** Numbers of RFC 5280 5.3.1. */
const REASONS: Readonly<Record<number, string>> = {
  1: 'keyCompromise',
  2: 'cACompromise',
  3: 'affiliationChanged',
  4: 'superseded',
  5: 'cessationOfOperation',
  6: 'certificateHold',
  9: 'privilegeWithdrawn',
  10: 'aACompromise',
};

function reasonIn({ contents }: DerValue): string | undefined {
  for (const extension of valuesOf(contents)) {
    const [id, ...more] = valuesOf(extension.contents);
    if (id?.contents.toString('hex') !== REASON) continue;
    return REASONS[valuesOf(more.at(-1)?.contents ?? Buffer.alloc(0))[0]?.contents[0] ?? 0];
  }
  return undefined;
}

/** UTCTime has two digits of the year: from 50 on they are of the last century (RFC 5280 4.1.2.5.1). */
function timeIn({ tag, contents }: DerValue): Date | undefined {
  const text = contents.toString('latin1');
  const whole = tag === TAG.utc ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(whole) ?? [];
  const time = new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
