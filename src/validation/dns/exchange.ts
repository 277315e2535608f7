import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { type AskedType, newQuery, RCODE, type Reply, readReply, type Sent } from './message.ts';

/** One question to one server. `name` is a plain name, `address` an IP address. */
export interface Question {
  readonly address: string;
  readonly port: number;
  readonly name: string;
  readonly type: AskedType;
}

/** How far one exchange may go. */
export interface Effort {
  /** UDP messages to send before the server counts as silent. */
  readonly tries: number;
  /** Called before each message; false ends the exchange. */
  readonly spend: () => boolean;
  readonly signal: AbortSignal;
}

/** What came of a question: the server's reply, or silence and the reason for it. */
export type Heard =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'silence'; readonly why: string };

/** Time limit of one try, in milliseconds. */
const TRY_MS = 2_000;

/** Datagrams with the wrong id or question that are read before a try is given up. */
const MOST_STRAYS = 16;

/**
 * Asks one server: UDP first, TCP when the answer was truncated. Only an answer from the asked address with the
 * same id and question counts. Never throws: an abort is silence too.
 */
export async function exchange(question: Question, effort: Effort): Promise<Heard> {
  let heard: Heard = silence('was not asked');
  for (let n = 0; n < effort.tries; n += 1) {
    if (effort.signal.aborted || !effort.spend()) return heard;
    // The second try goes without EDNS: some old servers drop or refuse it.
    const sent = newQuery(question.name, question.type, n === 0);
    heard = await overUdp(question, sent, effort.signal);
    if (heard.kind === 'reply' && !isBaffled(heard.reply)) break;
  }
  if (heard.kind === 'silence' || !heard.reply.isTruncated) return heard;
  if (effort.signal.aborted || !effort.spend()) return silence('gave a truncated answer');
  return overTcp(question, newQuery(question.name, question.type, true), effort.signal);
}

const isBaffled = ({ rcode }: Reply): boolean => rcode === RCODE.formErr || rcode === RCODE.notImp;

const silence = (why: string): Heard => ({ kind: 'silence', why });

async function overUdp(question: Question, sent: Sent, signal: AbortSignal): Promise<Heard> {
  // A socket of its own for each message: a random port, and the kernel drops what comes from other addresses.
  const socket = createSocket(isIPv6(question.address) ? 'udp6' : 'udp4');
  try {
    return await within('does not answer', signal, (settle) => {
      let strays = 0;
      socket.on('error', (error) => settle(silence(wordsOf(error))));
      socket.on('message', (bytes) => {
        const reply = readReply(bytes, sent);
        strays += 1;
        if (reply) settle({ kind: 'reply', reply });
        else if (strays === MOST_STRAYS) settle(silence('sends answers to other questions'));
      });
      socket.connect(question.port, question.address, (error?: Error) => {
        if (error) settle(silence(wordsOf(error)));
        else socket.send(sent.bytes);
      });
    });
  } finally {
    socket.close();
  }
}

async function overTcp(question: Question, sent: Sent, signal: AbortSignal): Promise<Heard> {
  const socket = connect({ host: question.address, port: question.port });
  try {
    return await within('does not answer over TCP', signal, (settle) => {
      let bytes: Buffer = Buffer.alloc(0);
      socket.on('error', (error) => settle(silence(`${wordsOf(error)} over TCP`)));
      socket.on('close', () => settle(silence('closed the TCP connection')));
      socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        const end = bytes.length < 2 ? Number.POSITIVE_INFINITY : 2 + bytes.readUInt16BE(0);
        if (bytes.length < end) return;
        const reply = readReply(bytes.subarray(2, end), sent);
        settle(reply ? { kind: 'reply', reply } : silence('sends something else than DNS over TCP'));
      });
      socket.write(
        Buffer.concat([Buffer.from([sent.bytes.length >> 8, sent.bytes.length & 255]), sent.bytes]),
      );
    });
  } finally {
    socket.destroy();
  }
}

/** What `start` settles on, or silence with `late` after the time limit of a try or on abort. */
async function within(
  late: string,
  signal: AbortSignal,
  start: (settle: (heard: Heard) => void) => void,
): Promise<Heard> {
  const { promise, resolve } = Promise.withResolvers<Heard>();
  const timer = setTimeout(() => resolve(silence(late)), TRY_MS);
  const abort = () => resolve(silence(late));
  signal.addEventListener('abort', abort, { once: true });
  start(resolve);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

function wordsOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED') return 'does not listen';
  return typeof code === 'string' ? `cannot be reached (${code})` : 'cannot be reached';
}
