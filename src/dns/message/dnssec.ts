/**
 * Records of DNSSEC as they are on the wire (RFC 4034), and whether a signature is one. Algorithms that a resolver may not
 * know count for nothing here: what is signed by these alone is as if unsigned (RFC 4035 5.2).
 */
import { createHash, createPublicKey, type JsonWebKeyInput, type KeyObject, verify } from 'node:crypto';
import type { PlacedRecord } from './raw-message.ts';
import { nameAt, nameBytes, TYPE, uint16 } from './raw-records.ts';

/** A key of a zone. */
export interface ZoneKey {
  readonly tag: number;
  readonly algorithm: number;
  /** Its record's data, by which a DS names it. */
  readonly data: Buffer;
}

/** A signature over a record set. */
export interface Signature {
  readonly covers: number;
  readonly algorithm: number;
  readonly labels: number;
  readonly ttl: number;
  readonly from: Date;
  readonly until: Date;
  readonly tag: number;
  readonly signer: string;
  /** Its record's data before the signature, which is signed too. */
  readonly head: Buffer;
  readonly bytes: Buffer;
}

/** What a parent says of a key: key tag, algorithm, digest type, digest in hex. */
export interface DelegationSigner {
  readonly tag: number;
  readonly algorithm: number;
  readonly digestType: number;
  readonly digest: string;
}

/** RFC 8624 3.1: what resolvers must know, but for SHA-1. */
const ALGORITHMS: Readonly<
  Record<number, { readonly hash: string | null; readonly keyOf: (key: Buffer) => JsonWebKeyInput }>
> = {
  8: { hash: 'sha256', keyOf: rsaKey },
  10: { hash: 'sha512', keyOf: rsaKey },
  13: { hash: 'sha256', keyOf: curveKey('P-256') },
  14: { hash: 'sha384', keyOf: curveKey('P-384') },
  15: { hash: null, keyOf: (key) => jwk({ kty: 'OKP', crv: 'Ed25519', x: text(key) }) },
};
const DIGESTS: Readonly<Record<number, string>> = { 1: 'sha1', 2: 'sha256', 4: 'sha384' };

/** Whether signatures of an algorithm are looked at here. */
export const isKnownAlgorithm = (algorithm: number): boolean => ALGORITHMS[algorithm] !== undefined;

/** Whether a DS is one that is looked at here. */
export const isKnownSigner = ({ algorithm, digestType }: DelegationSigner): boolean =>
  isKnownAlgorithm(algorithm) && DIGESTS[digestType] !== undefined;

/** A DS as `DnsRecord.data` has it; undefined for anything else. */
export function toSigner(data: string): DelegationSigner | undefined {
  const [tag, algorithm, digestType, digest = ''] = data.split(' ');
  const numbers = [tag, algorithm, digestType].map(Number);
  const [a = 0, b = 0, c = 0] = numbers;
  return numbers.every((one) => Number.isInteger(one)) && /^[0-9a-f]+$/.test(digest)
    ? { tag: a, algorithm: b, digestType: c, digest }
    : undefined;
}

/** A key by its record; undefined for data that is none, and for what is no key of a zone (RFC 4034 2.1.1). */
export function toZoneKey({ type, data }: PlacedRecord): ZoneKey | undefined {
  if (type !== TYPE.dnskey || data.length < 5 || (data.readUInt16BE(0) & 0x100) === 0) return undefined;
  return { tag: tagOf(data), algorithm: data[3] ?? 0, data };
}

/** RFC 4034 appendix B. */
function tagOf(data: Buffer): number {
  let sum = 0;
  for (const [i, byte] of data.entries()) sum += i % 2 === 0 ? byte << 8 : byte;
  return (sum + (sum >> 16)) & 0xffff;
}

/** A signature by its record, in the message that it came in; undefined for data that is none. */
export function toSignature({ type, data, dataStart }: PlacedRecord, message: Buffer): Signature | undefined {
  if (type !== TYPE.rrsig || data.length < 19) return undefined;
  const signer = nameAt(message, dataStart + 18);
  if (signer === undefined) return undefined;
  const name = nameBytes(signer);
  return {
    covers: data.readUInt16BE(0),
    algorithm: data[2] ?? 0,
    labels: data[3] ?? 0,
    ttl: data.readUInt32BE(4),
    until: new Date(data.readUInt32BE(8) * 1_000),
    from: new Date(data.readUInt32BE(12) * 1_000),
    tag: data.readUInt16BE(16),
    signer,
    head: Buffer.concat([data.subarray(0, 18), name]),
    bytes: data.subarray(18 + name.length),
  };
}

/** Whether a DS of `zone` names a key. */
export function isNamedBy(key: ZoneKey, zone: string, signer: DelegationSigner): boolean {
  const hash = DIGESTS[signer.digestType];
  if (hash === undefined || key.tag !== signer.tag || key.algorithm !== signer.algorithm) return false;
  const digest = createHash(hash).update(nameBytes(zone)).update(key.data).digest('hex');
  return digest === signer.digest;
}

/** Whether a key made a signature over a record set, all of one name and type, whose data is in canonical form already. */
export function isSignedBy(key: ZoneKey, signature: Signature, set: readonly PlacedRecord[]): boolean {
  const algorithm = ALGORITHMS[signature.algorithm];
  if (!algorithm || key.tag !== signature.tag || key.algorithm !== signature.algorithm) return false;
  const signed = Buffer.concat([signature.head, ...canonical(set, signature)]);
  try {
    const publicKey: KeyObject = createPublicKey(algorithm.keyOf(key.data.subarray(4)));
    return verify(algorithm.hash, signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature.bytes);
  } catch {
    return false;
  }
}

/** RFC 4034 6.2 and 6.3: each once, in the order of their data, with the TTL that was signed. */
function canonical(set: readonly PlacedRecord[], { labels, ttl }: Signature): Buffer[] {
  const time = Buffer.alloc(4);
  time.writeUInt32BE(ttl);
  const data = set.map((one) => one.data).toSorted((a, b) => a.compare(b));
  const each = data.filter((one, i) => i === 0 || !one.equals(data[i - 1] ?? one));
  const [first] = set;
  if (!first) return [];
  const owner = nameBytes(signedOwner(first.name, labels));
  return each.map((one) =>
    Buffer.concat([owner, uint16(first.type), uint16(first.class), time, uint16(one.length), one]),
  );
}

/** The wildcard that a name was made from, where its signature has fewer labels (RFC 4034 3.1.3). */
function signedOwner(name: string, labels: number): string {
  const parts = name === '' ? [] : name.split('.');
  const own = parts[0] === '*' ? parts.slice(1) : parts;
  return labels >= own.length ? name : ['*', ...own.slice(own.length - labels)].join('.');
}

/** RFC 3110: the length of the exponent in one byte, or in two after a zero. */
function rsaKey(key: Buffer): JsonWebKeyInput {
  const isShort = key[0] !== 0;
  const start = isShort ? 1 : 3;
  const end = start + (isShort ? (key[0] ?? 0) : key.readUInt16BE(1));
  return jwk({ kty: 'RSA', e: text(key.subarray(start, end)), n: text(key.subarray(end)) });
}

/** RFC 6605: both coordinates, one behind the other. */
function curveKey(crv: string) {
  return (key: Buffer): JsonWebKeyInput => {
    const half = key.length / 2;
    return jwk({ kty: 'EC', crv, x: text(key.subarray(0, half)), y: text(key.subarray(half)) });
  };
}

const text = (part: Buffer): string => part.toString('base64url');
const jwk = (key: JsonWebKeyInput['key']): JsonWebKeyInput => ({ format: 'jwk', key });
