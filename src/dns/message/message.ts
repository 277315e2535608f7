import { randomInt } from 'node:crypto';
import packet, { type Answer } from 'dns-packet';
import { toDnsName } from './names.ts';

/** Types that this service asks for. */
export type AskedType = 'TXT' | 'SOA' | 'NS' | 'A' | 'AAAA' | 'CAA' | 'DS';

/** Types of which signatures are asked for. */
export type SignedType = 'TXT' | 'A' | 'AAAA' | 'CNAME' | 'DNSKEY';

/** Largest UDP message, without fragments on any usual path (DNS flag day 2020). */
export const MOST_UDP = 1_232;

/** Response codes of RFC 1035 4.1.1 and RFC 6891 9. */
export const RCODE = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  badVers: 16,
} as const;

/** One question as sent. */
export interface Sent {
  readonly id: number;
  readonly name: string;
  readonly type: AskedType;
  readonly bytes: Buffer;
}

/**
 * A record of a reply; `data` is an address, a name, the bytes of all TXT strings in one (latin1), or flags, tag and
 * value of CAA with spaces between, or those parts of DS, its digest in hex.
 */
export interface DnsRecord {
  readonly name: string;
  readonly type: AskedType | 'CNAME';
  readonly ttl: number;
  readonly data: string;
}

/** What a server answered; records of other types and classes than ours are left out. */
export interface Reply {
  readonly rcode: number;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** EDNS (RFC 6891 6.1.2) without options; the size is added by whoever sends it. */
export const OPT = {
  type: 'OPT',
  name: '.',
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
} as const satisfies Omit<packet.OptAnswer, 'udpPayloadSize' | 'options'>;

/** A query for an authoritative server: random id, RD=0, EDNS (RFC 6891) when `hasEdns`. `name` is a plain name. */
export function newQuery(name: string, type: AskedType, hasEdns: boolean): Sent {
  const id = randomInt(65_536);
  const opt: Answer = { ...OPT, options: [], udpPayloadSize: MOST_UDP };
  const additionals = hasEdns ? [opt] : [];
  const bytes = packet.encode({ type: 'query', id, flags: 0, questions: [{ name, type }], additionals });
  return { id, name, type, bytes };
}

/** A query for records with their signatures (RFC 4035 3.2.1). */
export function newSignedQuery(name: string, type: SignedType): Pick<Sent, 'id' | 'bytes'> {
  const id = randomInt(65_536);
  const opt: Answer = {
    ...OPT,
    options: [],
    udpPayloadSize: MOST_UDP,
    flags: packet.DNSSEC_OK,
    flag_do: true,
  };
  const bytes = packet.encode({
    type: 'query',
    id,
    flags: 0,
    questions: [{ name, type }],
    additionals: [opt],
  });
  return { id, bytes };
}

/**
 * The reply to `sent`, or undefined for anything else: another id or question, a query, bytes that do not parse,
 * or more records than an honest answer has. Never throws.
 */
export function readReply(bytes: Buffer, sent: Sent): Reply | undefined {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== sent.id || !hasSaneCounts(bytes)) return undefined;
  const decoded = decode(bytes);
  if (!decoded || !isAnswerTo(decoded, sent)) return undefined;
  return {
    rcode: rcodeOf(bytes, decoded),
    isAuthoritative: decoded.flag_aa,
    isTruncated: decoded.flag_tc,
    answers: recordsOf(decoded.answers),
    authorities: recordsOf(decoded.authorities),
    additionals: recordsOf(decoded.additionals),
  };
}

/**
 * The response code of what came in place of a reply: a response to the question that does not repeat it, or whose bytes do
 * not parse, as servers send that are baffled by EDNS. Undefined for anything else: another id or question, a query.
 */
export function readBareCode(bytes: Buffer, sent: Sent): number | undefined {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== sent.id || bytes.readUInt16BE(2) < 0x8000)
    return undefined;
  const decoded = bytes.readUInt16BE(4) > 0 && hasSaneCounts(bytes) ? decode(bytes) : undefined;
  return decoded ? undefined : bytes.readUInt16BE(2) & 15;
}

function isAnswerTo({ flag_qr: isReply, questions }: packet.DecodedPacket, sent: Sent): boolean {
  const question = questions?.[0];
  if (!isReply || !question || question.class !== 'IN') return false;
  return toDnsName(question.name) === sent.name && question.type === sent.type;
}

function rcodeOf(bytes: Buffer, { additionals }: packet.DecodedPacket): number {
  const opt = additionals?.find((record) => record.type === 'OPT');
  return (bytes.readUInt16BE(2) & 15) | ((opt?.extendedRcode ?? 0) << 4);
}

/** Most records in a message: names may point at chains of pointers, so each record can cost 8,000 steps. */
const MOST_RECORDS = 500;

function hasSaneCounts(bytes: Buffer): boolean {
  const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  return bytes.readUInt16BE(4) === 1 && records <= MOST_RECORDS;
}

function decode(bytes: Buffer): packet.DecodedPacket | undefined {
  try {
    const decoded = packet.decode(bytes);
    // A TXT cut short leaves NaN here.
    return packet.decode.bytes <= bytes.length ? decoded : undefined;
  } catch {
    return undefined;
  }
}

function recordsOf(records: readonly Answer[] | undefined): DnsRecord[] {
  return (records ?? []).flatMap((record) => {
    if (record.type === 'OPT' || record.class !== 'IN' || record.flush) return [];
    const data = dataOf(record);
    if (data === undefined) return [];
    const { type, data: text } = data;
    return [{ name: toDnsName(record.name), type, ttl: record.ttl ?? 0, data: text }];
  });
}

function dataOf(record: Answer): Pick<DnsRecord, 'type' | 'data'> | undefined {
  if (record.type === 'A' || record.type === 'AAAA') return { type: record.type, data: record.data };
  if (record.type === 'NS' || record.type === 'CNAME')
    return { type: record.type, data: toDnsName(record.data) };
  if (record.type === 'TXT') return { type: 'TXT', data: textOf(record.data) };
  if (record.type === 'CAA') return { type: 'CAA', data: caaOf(record.data) };
  if (record.type === 'SOA') return { type: 'SOA', data: toDnsName(record.data.mname) };
  if (record.type === 'DS') return { type: 'DS', data: signerOf(record.data) };
  return undefined;
}

const signerOf = ({ keyTag, algorithm, digestType, digest }: packet.DsData): string =>
  `${keyTag} ${algorithm} ${digestType} ${digest.toString('hex')}`;

/** A tag is letters and digits (RFC 8659 4.1); whatever else stands there must not end it. */
const caaOf = ({ flags = 0, tag, value }: packet.CaaData): string =>
  `${flags} ${tag.replace(/[^a-z0-9]/gi, '?')} ${value}`;

function textOf(data: packet.TxtData): string {
  const strings = Array.isArray(data) ? data : [data];
  return strings.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))).join('');
}
