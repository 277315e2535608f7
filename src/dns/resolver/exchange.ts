import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type AskedType, newQuery, RCODE, type Reply, readReply, type Sent } from '../message/message.ts';
import { askStream, within, wordsOf } from '../message/tcp-exchange.ts';

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
  const limits = { signal, limitMs: TRY_MS, late: silence('does not answer') };
  try {
    return await within<Heard>(limits, (settle) => {
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
  const heard = await askStream(
    { host: question.address, port: question.port },
    { bytes: sent.bytes, signal, limitMs: TRY_MS },
  );
  if (heard.kind === 'silence') return heard;
  const reply = readReply(heard.bytes, sent);
  return reply ? { kind: 'reply', reply } : silence('sends something else than DNS over TCP');
}
