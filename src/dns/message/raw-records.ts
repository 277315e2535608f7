/** Bytes of DNS messages that dns-packet does not make or keep: classes NONE and ANY, where a record begins. */

/** Types and classes of RFC 1035 3.2, RFC 2136 1.3 and RFC 8945 4.2. */
export const TYPE = { cname: 5, soa: 6, txt: 16, ds: 43, rrsig: 46, dnskey: 48, tsig: 250 } as const;
export const CLASS = { in: 1, none: 254, any: 255 } as const;

export const HEADER = 12;

/** Two bytes, the high one first. */
export const uint16 = (n: number): Buffer => Buffer.from([(n >> 8) & 255, n & 255]);

/** A plain name, lower-case and uncompressed. */
export function nameBytes(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.of(0),
  ]);
}

/** What a resource record is made of. */
export interface RawRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Buffer;
}

/** The bytes of a record (RFC 1035 3.2.1). */
export function recordBytes({ name, type, class: of, ttl, data }: RawRecord): Buffer {
  const time = Buffer.alloc(4);
  time.writeUInt32BE(ttl);
  return Buffer.concat([nameBytes(name), uint16(type), uint16(of), time, uint16(data.length), data]);
}

/** Most records that are walked over. */
const MOST_RECORDS = 500;

/**
 * The last record of a message and where it begins; undefined when there is none, when it is not the end of the
 * bytes, or when they do not parse. Its name is in lower case.
 */
export function lastRecord(bytes: Buffer): (RawRecord & { readonly start: number }) | undefined {
  if (bytes.length < HEADER) return undefined;
  const [questions = 0, ...sections] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  const records = sections.reduce((sum, count) => sum + count, 0);
  if (questions > 1 || records === 0 || records > MOST_RECORDS) return undefined;
  let at: number | undefined = HEADER;
  if (questions === 1) at = add(afterName(bytes, at), 4);
  for (let n = 1; n < records; n += 1) at = afterRecord(bytes, at);
  return at !== undefined && afterRecord(bytes, at) === bytes.length ? recordAt(bytes, at) : undefined;
}

function recordAt(bytes: Buffer, start: number): (RawRecord & { readonly start: number }) | undefined {
  const name = nameAt(bytes, start);
  const at = afterName(bytes, start);
  if (name === undefined || at === undefined) return undefined;
  return {
    start,
    name,
    type: bytes.readUInt16BE(at),
    class: bytes.readUInt16BE(at + 2),
    ttl: bytes.readUInt32BE(at + 4),
    data: bytes.subarray(at + 10, at + 10 + bytes.readUInt16BE(at + 8)),
  };
}

const add = (at: number | undefined, n: number): number | undefined => (at === undefined ? at : at + n);

function afterRecord(bytes: Buffer, start: number | undefined): number | undefined {
  const at = start === undefined ? undefined : afterName(bytes, start);
  if (at === undefined || at + 10 > bytes.length) return undefined;
  const end = at + 10 + bytes.readUInt16BE(at + 8);
  return end > bytes.length ? undefined : end;
}

/** Where a name ends; undefined where it does not parse. */
export function afterName(bytes: Buffer, start: number): number | undefined {
  for (let at = start; at < bytes.length; ) {
    const length = bytes[at] ?? 0;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) return undefined;
    at += 1 + length;
  }
  return undefined;
}

/** Labels and pointers of one name: no honest name has more. */
const MOST_STEPS = 128;

/** The name at `start`, in lower case, pointers followed; undefined where it does not parse. */
export function nameAt(bytes: Buffer, start: number): string | undefined {
  const labels: string[] = [];
  let at = start;
  for (let n = 0; n < MOST_STEPS; n += 1) {
    const length = bytes[at];
    if (length === undefined || (length > 63 && length < 0xc0)) return undefined;
    if (length === 0) return labels.join('.').toLowerCase();
    if (length >= 0xc0) at = ((length & 63) << 8) | (bytes[at + 1] ?? 0);
    else {
      labels.push(bytes.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
  }
  return undefined;
}
