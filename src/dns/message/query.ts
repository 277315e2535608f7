import packet, { type Answer } from 'dns-packet';
import { MOST_UDP, OPT, RCODE } from './message.ts';

/** A well-formed question to us. */
export interface Query {
  readonly id: number;
  readonly isRecursionDesired: boolean;
  /** The question as it came, to be sent back byte for byte: resolvers compare its letters' case. */
  readonly question: Buffer;
  /** Labels as they came, bytes as latin1. */
  readonly labels: readonly string[];
  readonly type: number;
  readonly class: number;
  readonly edns?: Edns;
}

interface Edns {
  /** Largest UDP message that the client takes, as it says. */
  readonly size: number;
  readonly version: number;
  readonly isDnssecOk: boolean;
}

/** What is sent back, beside what repeats the query. */
export interface Answers {
  /** Code of RFC 1035 4.1.1 or RFC 6891 9. */
  readonly rcode: number;
  readonly isAuthoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
}

/** What bytes from a stranger are: a query; something to be refused with a bare header; nothing to answer. */
export type Incoming =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'odd'; readonly reply: Buffer }
  | { readonly kind: 'ignored' };

const HEADER = 12;

/** Reads a message. Never throws; a response, or bytes too few for a header, are never to be answered. */
export function readQuery(bytes: Buffer): Incoming {
  if (bytes.length < HEADER || bytes.readUInt16BE(2) & 0x8000) return { kind: 'ignored' };
  if (bytes.readUInt16BE(2) & 0x7800) return { kind: 'odd', reply: bare(bytes, RCODE.notImp) };
  const query = hasQueryCounts(bytes) ? parse(bytes) : undefined;
  return query ? { kind: 'query', query } : { kind: 'odd', reply: bare(bytes, RCODE.formErr) };
}

/** One question, no answers, the SOA that comes with IXFR (RFC 1995 3), no more additional records than OPT, TSIG and some new one. */
const hasQueryCounts = (bytes: Buffer): boolean =>
  bytes.readUInt16BE(4) === 1 &&
  bytes.readUInt16BE(6) === 0 &&
  bytes.readUInt16BE(8) <= 1 &&
  bytes.readUInt16BE(10) <= 4;

/** A header alone: the query's id, opcode and RD, and a code. */
function bare(bytes: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(bytes.readUInt16BE(0), 0);
  header.writeUInt16BE(0x8000 | (bytes.readUInt16BE(2) & 0x7900) | rcode, 2);
  return header;
}

function parse(bytes: Buffer): Query | undefined {
  const labels = labelsIn(bytes);
  if (!labels) return undefined;
  const end = HEADER + labels.reduce((sum, label) => sum + label.length + 1, 1) + 4;
  if (end > bytes.length) return undefined;
  const opts = optsIn(bytes);
  if (!opts || opts.length > 1) return undefined;
  const query = {
    id: bytes.readUInt16BE(0),
    isRecursionDesired: (bytes.readUInt16BE(2) & 0x0100) !== 0,
    // A copy: `bytes` may be reused while the answer is made.
    question: Buffer.from(bytes.subarray(HEADER, end)),
    labels,
    type: bytes.readUInt16BE(end - 4),
    class: bytes.readUInt16BE(end - 2),
  };
  return opts[0] ? { ...query, edns: opts[0] } : query;
}

/** Labels of the question's name; undefined where it is longer than 255 bytes, cut off, or holds a pointer. */
function labelsIn(bytes: Buffer): string[] | undefined {
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63 || at - HEADER > 254) return undefined;
    if (length === 0) return labels;
    if (at + 1 + length > bytes.length) return undefined;
    labels.push(bytes.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
}

/** The OPT records of a query; undefined when its bytes do not parse. */
function optsIn(bytes: Buffer): Edns[] | undefined {
  if (bytes.readUInt16BE(10) === 0) return [];
  try {
    const { additionals = [] } = packet.decode(bytes);
    return additionals.flatMap((record) => {
      if (record.type !== 'OPT') return [];
      const { udpPayloadSize: size, ednsVersion: version, flag_do: isDnssecOk } = record;
      return [{ size, version, isDnssecOk }];
    });
  } catch {
    return undefined;
  }
}

/** The bytes of an answer over UDP: cut to a truncated one when they are too many for the client (RFC 2181 9). */
export function encodeForUdp(query: Query, answers: Answers): Buffer {
  const most = Math.min(Math.max(query.edns?.size ?? 512, 512), MOST_UDP);
  const bytes = encode(query, answers);
  return bytes.length <= most ? bytes : encodeTruncated(query);
}

/** An answer that says nothing but: ask again over TCP. */
export function encodeTruncated(query: Query): Buffer {
  const none = { answers: [], authorities: [], additionals: [] };
  return encode(query, { rcode: RCODE.noError, isAuthoritative: true, ...none }, packet.TRUNCATED_RESPONSE);
}

/** The bytes of an answer, of any size. */
export function encode(query: Query, answers: Answers, flags = 0): Buffer {
  const bytes = packet.encode({
    type: 'response',
    id: query.id,
    flags: flags | flagsOf(query, answers),
    answers: [...answers.answers],
    authorities: [...answers.authorities],
    additionals: [...answers.additionals, ...optOf(query, answers)],
  });
  bytes.writeUInt16BE(1, 4);
  return Buffer.concat([bytes.subarray(0, HEADER), query.question, bytes.subarray(HEADER)]);
}

function flagsOf({ isRecursionDesired }: Query, { isAuthoritative, rcode }: Answers): number {
  const recursion = isRecursionDesired ? packet.RECURSION_DESIRED : 0;
  return (isAuthoritative ? packet.AUTHORITATIVE_ANSWER : 0) | recursion | (rcode & 15);
}

function optOf({ edns }: Query, { rcode }: Answers): Answer[] {
  if (!edns) return [];
  const flags = edns.isDnssecOk ? packet.DNSSEC_OK : 0;
  return [{ ...OPT, options: [], udpPayloadSize: MOST_UDP, extendedRcode: rcode >> 4, flags }];
}
