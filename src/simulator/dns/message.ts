import { type Answer, type DecodedPacket, decode, encode, type Question, type RecordType } from 'dns-packet';
import { toKey } from './names.ts';

/** Response codes that this world gives (RFC 1035 4.1.1). */
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

/** The size of a UDP answer that no network cuts into fragments, in bytes. */
const UDP_SIZE = 1_232;

/** One well-formed question. */
export interface Query {
  readonly id: number;
  /** As it was asked, for the answer's question section: spelling kept. */
  readonly question: Question;
  /** The name asked, as a key. */
  readonly name: string;
  readonly type: RecordType;
  readonly isRecursionDesired: boolean;
  /** Size of UDP answers that the asker takes, in bytes. */
  readonly udpSize: number;
  /** Whether the query had an OPT record, so that the answer has one (RFC 6891 6.1.1). */
  readonly hasEdns: boolean;
}

/** What a server says to a query. */
export interface Reply {
  readonly rcode: number;
  readonly isAuthoritative?: boolean;
  readonly isRecursive?: boolean;
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly additionals?: readonly Answer[];
}

/** A record of the types whose data is an address or a name. */
export const record = (name: string, type: 'A' | 'NS', data: string): Answer => ({
  name,
  type,
  data,
  ttl: TTL,
});

/** Seconds. Nothing in this world caches; people who look with `dig` see a usual value. */
export const TTL = 60;

/** The start of authority of a zone of this world; `serial` counts its changes. */
export const soa = (zone: string, serial: number): Answer => ({
  name: zone === '' ? '.' : zone,
  type: 'SOA',
  ttl: TTL,
  data: {
    mname: 'ns1.customers.test',
    rname: 'hostmaster.customers.test',
    serial,
    refresh: 3_600,
    retry: 600,
    expire: 604_800,
    minimum: TTL,
  },
});

/** A message, read; undefined when it is none. */
export function readMessage(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

/** Response code of a decoded message. */
export const rcodeOf = (message: DecodedPacket): number => (message.flags ?? 0) & 0xf;

/** The query in a message; the bytes of a refusal when it is malformed; undefined when it deserves no answer. */
export function readQuery(message: Buffer): Query | Buffer | undefined {
  const isQuestion = message.length >= 12 && (message.readUInt16BE(2) & RESPONSE) === 0;
  return isQuestion ? readQuestion(message) : undefined;
}

function readQuestion(message: Buffer): Query | Buffer {
  const isOfKnownKind = ((message.readUInt16BE(2) >> 11) & 0xf) === 0;
  if (!isOfKnownKind) return headerOnly(message, RCODE.NOTIMP);
  const packet = readMessage(message);
  const question = packet?.questions?.length === 1 ? packet.questions[0] : undefined;
  if (!packet || !question || !isSpelledAs(question, message)) return headerOnly(message, RCODE.FORMERR);
  const isTaken = question.class === 'IN' && !TRANSFERS.has(question.type);
  return isTaken ? queryOf(packet, question) : headerOnly(message, RCODE.REFUSED);
}

/** Questions for whole zones, which nobody in this world hands out. */
const TRANSFERS: ReadonlySet<string> = new Set(['AXFR', 'IXFR']);

function queryOf(packet: DecodedPacket, question: Question): Query {
  const opt = packet.additionals?.find((extra) => extra.type === 'OPT');
  return {
    id: packet.id ?? 0,
    question,
    name: toKey(question.name),
    type: question.type,
    isRecursionDesired: packet.flag_rd,
    udpSize: opt ? Math.min(Math.max(opt.udpPayloadSize, 512), UDP_SIZE) : 512,
    hasEdns: opt !== undefined,
  };
}

/** Whether a question for type `asked` is about records of `type`; ANY is about all (RFC 1035 3.2.3). */
export const asksFor = (asked: string, type: string): boolean => asked === type || asked === 'ANY';

const RESPONSE = 1 << 15;

/** A label may hold any byte, a dot too; only names that survive being written again are answered. */
function isSpelledAs(question: Question, message: Buffer): boolean {
  const spelled = encode({ type: 'query', questions: [question] }).subarray(12);
  return spelled.equals(message.subarray(12, 12 + spelled.length));
}

function headerOnly(message: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(12);
  message.copy(header, 0, 0, 2);
  const kept = message.readUInt16BE(2) & (OPCODE_BITS | RECURSION_DESIRED);
  header.writeUInt16BE(RESPONSE | kept | rcode, 2);
  return header;
}

const OPCODE_BITS = 0xf << 11;
const AUTHORITATIVE = 1 << 10;
const TRUNCATED = 1 << 9;
const RECURSION_DESIRED = 1 << 8;
const RECURSION_AVAILABLE = 1 << 7;

/** The answer's bytes, cut to an empty one with TC when it is longer than `limit` bytes (RFC 2181 9). */
export function writeReply(query: Query, reply: Reply, limit: number): Buffer {
  const whole = write(query, reply, 0);
  if (whole.length <= limit) return whole;
  return write(query, { ...reply, answers: [], authorities: [], additionals: [] }, TRUNCATED);
}

function write(query: Query, reply: Reply, flags: number): Buffer {
  const opt = query.hasEdns ? [OPT] : [];
  return encode({
    type: 'response',
    id: query.id,
    flags:
      flags |
      reply.rcode |
      (query.isRecursionDesired ? RECURSION_DESIRED : 0) |
      (reply.isAuthoritative ? AUTHORITATIVE : 0) |
      (reply.isRecursive ? RECURSION_AVAILABLE : 0),
    questions: [query.question],
    answers: (reply.answers ?? []).map(fresh),
    authorities: (reply.authorities ?? []).map(fresh),
    additionals: [...(reply.additionals ?? []).map(fresh), ...opt],
  });
}

/** dns-packet turns the strings of a TXT record into buffers in place. */
const fresh = (answer: Answer): Answer =>
  answer.type === 'TXT' && Array.isArray(answer.data) ? { ...answer, data: [...answer.data] } : answer;

const OPT: Answer = {
  name: '.',
  type: 'OPT',
  udpPayloadSize: UDP_SIZE,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** A question for another server; `id` ties the answer to it. */
export function writeQuestion(id: number, name: string, type: RecordType): Buffer {
  return encode({
    type: 'query',
    id,
    questions: [{ name: name === '' ? '.' : name, type, class: 'IN' }],
    additionals: [OPT],
  });
}
