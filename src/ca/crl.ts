/** Lists of what a CA revoked (CRLs, RFC 5280 5): where a leaf says that its own is, and what one says. */
import type { X509Certificate } from 'node:crypto';
import { type DerValue, extensionsOf, ifDer, valuesIn, valuesOf } from '../kit/der-values.ts';
import {
  isSigned,
  REASONS,
  type RevocationAnswer,
  type RevokedEntry,
  toSerial,
} from './revocation-answer.ts';

const TAG = {
  integer: 0x02,
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

/** Reads a list in DER that the issuer of a leaf signed; in words why it is none. Never throws. */
export const readCrl = (der: Buffer, issuer: X509Certificate): RevocationAnswer | string =>
  ifDer(() => crlIn(der, issuer), 'it is no list in DER: a value has an indefinite length, which is BER');

function crlIn(der: Buffer, issuer: X509Certificate): RevocationAnswer | string {
  const [signed, ...proof] = valuesIn(der);
  if (!signed || proof.length < 2) return 'it is no list in DER';
  if (!isSigned(signed, proof, issuer.publicKey)) return 'it is not signed by the issuer of the leaf';
  const fields = valuesOf(signed.contents).filter(({ tag }, i) => !(i === 0 && tag === TAG.integer));
  // Signature algorithm, issuer, this update; then next update and what is revoked, each of which may be missing.
  const [, , , ...rest] = fields;
  const next = rest.find(({ tag }) => tag === TAG.utc || tag === TAG.generalized);
  const entries = rest.find(({ tag }) => tag === TAG.sequence);
  const revoked = new Map<string, RevokedEntry>();
  for (const entry of entries ? valuesOf(entries.contents) : []) addEntry(revoked, entry);
  return { revoked, nextUpdate: next && timeIn(next) };
}

function addEntry(revoked: Map<string, RevokedEntry>, { contents }: DerValue): void {
  const [serial, on, extensions] = valuesOf(contents);
  if (serial?.tag !== TAG.integer) return;
  revoked.set(toSerial(serial.contents.toString('hex')), {
    on: on && timeIn(on),
    reason: extensions && reasonIn(extensions),
  });
}

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
