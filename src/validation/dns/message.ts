import { randomInt } from 'node:crypto';
import packet, { type Answer } from 'dns-packet';
import { toDnsName } from './names.ts';

/** Types that this service asks for. */
export type AskedType = 'TXT' | 'SOA' | 'NS' | 'A' | 'AAAA';

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

/** A record of a reply; `data` is an address, a name, or the bytes of all TXT strings in one (latin1). */
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

/** A query for an authoritative server: random id, RD=0, EDNS (RFC 6891) when `hasEdns`. `name` is a plain name. */
export function newQuery(name: string, type: AskedType, hasEdns: boolean): Sent {
  const id = randomInt(65_536);
  const opt = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: MOST_UDP,
    flags: 0,
    options: [],
  } as unknown as Answer;
  const additionals = hasEdns ? [opt] : [];
  const bytes = packet.encode({ type: 'query', id, flags: 0, questions: [{ name, type }], additionals });
  return { id, name, type, bytes };
}

/**
 * The reply to `sent`, or undefined for anything else: another id or question, a query, bytes that do not parse,
 * or more records than an honest answer has. Never throws.
 */
export function readReply(bytes: Buffer, sent: Sent): Reply | undefined {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== sent.id || !hasSaneCounts(bytes)) return undefined;
  const flags = bytes.readUInt16BE(2);
  const decoded = decode(bytes);
  const question = decoded?.questions?.[0];
  if (!decoded || !question || !(flags & 0x8000) || flags & 0x7800) return undefined;
  const isOurs = toDnsName(question.name) === sent.name && question.type === sent.type;
  if (!isOurs || question.class !== 'IN') return undefined;
  return {
    rcode: flags & 15,
    isAuthoritative: decoded.flag_aa,
    isTruncated: decoded.flag_tc,
    answers: recordsOf(decoded.answers),
    authorities: recordsOf(decoded.authorities),
    additionals: recordsOf(decoded.additionals),
  };
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
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return { type: record.type, data: record.data };
    case 'NS':
    case 'CNAME':
      return { type: record.type, data: toDnsName(record.data) };
    case 'TXT':
      return { type: 'TXT', data: textOf(record.data) };
    case 'SOA':
      return { type: 'SOA', data: toDnsName(record.data.mname) };
    default:
      return undefined;
  }
}

function textOf(data: packet.TxtData): string {
  const strings = Array.isArray(data) ? data : [data];
  return strings.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))).join('');
}
