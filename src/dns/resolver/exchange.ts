import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import {
  type AskedType,
  newQuery,
  RCODE,
  type Reply,
  readBareCode,
  readReply,
  type Sent,
} from '../message/message.ts';
import { askStream, pause, within, wordsOf } from '../message/tcp-exchange.ts';
import { ServerMemory } from './server-memory.ts';

/** One question to one server. `name` is a plain name, `address` an IP address. */
export interface Question {
  readonly address: string;
  readonly port: number;
  readonly name: string;
  readonly type: AskedType;
}

/** How far one exchange may go. */
export interface Effort {
  /** UDP messages to send before the server counts as silent; a second one goes without EDNS. */
  readonly tries: number;
  /** Called before each message; false ends the exchange. */
  readonly spend: () => boolean;
  readonly signal: AbortSignal;
  /** What is known of servers; nothing when left out. */
  readonly servers?: ServerMemory;
}

/** What came of a question: the server's reply, or silence and the reason for it. */
export type Heard =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'silence'; readonly why: string };

/** How long an exchange over UDP, or one over TCP, is waited for, and the first message of it; in milliseconds. */
interface Patience {
  readonly whole: number;
  readonly first: number;
}

/** A real server answers within a few hundred milliseconds; a lost or unwelcome message must not cost much more. */
const PATIENCE = {
  good: { whole: 2_500, first: 600 },
  slow: { whole: 1_200, first: 400 },
  silent: { whole: 400, first: 150 },
} as const;

/** Datagrams with the wrong id or question that are read before a try is given up. */
const MOST_STRAYS = 16;

/**
 * Asks one server: UDP first, TCP when the answer was truncated. A server that answers a question with EDNS by anything
 * that is of no use (RFC 6891 7: an error, a bare header, nothing for a while) is asked at once without. Only an answer
 * from the asked address with the same id and question counts. Who was silent a moment ago is waited for only shortly. Never
 * throws: an abort is silence too.
 */
export async function exchange(question: Question, effort: Effort): Promise<Heard> {
  const { servers = new ServerMemory(), signal } = effort;
  const leave = await servers.enter(question.address, signal);
  if (!leave) return silence('was not asked in time');
  try {
    const patience = PATIENCE[servers.find(question.address, question.type)];
    return await new Exchange(question, { ...effort, servers }, patience).run();
  } finally {
    leave();
  }
}

/** What one message brought. `bare` is a response that cannot be read, with its code. */
type Brought = Heard | { readonly kind: 'bare'; readonly rcode: number };

const silence = (why: string) => ({ kind: 'silence', why }) as const;

/** Why a server that answers nothing in time is silent. */
const LATE = silence('does not answer');

class Exchange {
  readonly #question: Question;
  readonly #effort: Required<Effort>;
  readonly #patience: Patience;
  readonly #since = performance.now();

  constructor(question: Question, effort: Required<Effort>, patience: Patience) {
    this.#question = question;
    this.#effort = effort;
    this.#patience = patience;
  }

  async run(): Promise<Heard> {
    const { servers, signal } = this.#effort;
    const { address, type } = this.#question;
    const heard = await this.#overUdp();
    if (heard.kind === 'reply') servers.noteAnswer(address, type);
    else if (heard.why === LATE.why && !signal.aborted) servers.noteSilence(address, type, this.#since);
    if (heard.kind === 'silence' || !heard.reply.isTruncated) return heard;
    return this.#overTcp();
  }

  async #overUdp(): Promise<Heard> {
    const { signal, spend } = this.#effort;
    if (signal.aborted || !spend()) return silence('was not asked');
    const over = new AbortController();
    try {
      return toHeard(await this.#messages(AbortSignal.any([signal, over.signal])));
    } finally {
      over.abort();
    }
  }

  async #messages(signal: AbortSignal): Promise<Brought> {
    const { servers, spend, tries } = this.#effort;
    const { address } = this.#question;
    const { whole, first } = this.#patience;
    const isPlain = servers.isPlain(address);
    const opening = overUdp(this.#question, !isPlain, { signal, limitMs: whole });
    const early = await Promise.race([opening, pause(first, signal)]);
    const isDone = early ? isPlain || early.kind === 'silence' || isOfUse(early) : tries < 2;
    if (isDone || signal.aborted || !spend()) return opening;
    const second = overUdp(this.#question, false, { signal, limitMs: whole - first });
    const { best, isSecond } = await firstOfUse(opening, second);
    if (isSecond && isOfUse(best)) servers.notePlain(address);
    return best;
  }

  /** Over TCP a server may refuse EDNS too, or close the connection over it. */
  async #overTcp(): Promise<Heard> {
    const { servers, signal, spend } = this.#effort;
    const isPlain = servers.isPlain(this.#question.address);
    if (signal.aborted || !spend()) return silence('gave a truncated answer');
    const brought = await overTcp(this.#question, !isPlain, { signal, limitMs: this.#patience.whole });
    if (isPlain || isOfUse(brought) || isLate(brought) || signal.aborted || !spend()) return toHeard(brought);
    return toHeard(await overTcp(this.#question, false, { signal, limitMs: this.#patience.whole }));
  }
}

/** Whether an answer has anything in it. One that says "no such record" has the start of the zone (RFC 2308 3). */
function isOfUse(brought: Brought): boolean {
  if (brought.kind !== 'reply') return false;
  const { rcode, isTruncated, answers, authorities } = brought.reply;
  if (rcode !== RCODE.noError && rcode !== RCODE.nxDomain) return false;
  return isTruncated || answers.length > 0 || authorities.length > 0;
}

const isLate = (brought: Brought): boolean =>
  brought.kind === 'silence' && /does not answer/.test(brought.why);

/** What the subscriber is told of: a code counts, also one in a bare header. */
function toHeard(brought: Brought): Heard {
  if (brought.kind !== 'bare') return brought;
  const { rcode } = brought;
  if (rcode === RCODE.noError) return silence('answers without repeating the question');
  const reply = {
    rcode,
    isAuthoritative: false,
    isTruncated: false,
    answers: [],
    authorities: [],
    additionals: [],
  };
  return { kind: 'reply', reply };
}

interface Best {
  readonly best: Brought;
  readonly isSecond: boolean;
}

/** The first that is of use; once both are of none, the second, or the first where that one was silent. */
async function firstOfUse(one: Promise<Brought>, other: Promise<Brought>): Promise<Best> {
  const { promise, resolve } = Promise.withResolvers<Best>();
  const watch = async (each: Promise<Brought>, isSecond: boolean): Promise<Brought> => {
    const best = await each;
    if (isOfUse(best)) resolve({ best, isSecond });
    return best;
  };
  const settle = async () => {
    const [first, second] = await Promise.all([watch(one, false), watch(other, true)]);
    const isSecond = second.kind !== 'silence';
    resolve({ best: isSecond ? second : first, isSecond });
  };
  void settle();
  return promise;
}

interface Limit {
  readonly signal: AbortSignal;
  readonly limitMs: number;
}

async function overUdp(
  { address, port, name, type }: Question,
  hasEdns: boolean,
  limit: Limit,
): Promise<Brought> {
  const sent = newQuery(name, type, hasEdns);
  // A socket of its own for each message: a random port, and the kernel drops what comes from other addresses.
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    return await within<Brought>({ ...limit, late: LATE }, (settle) => {
      let strays = 0;
      socket.on('error', (error) => settle(silence(wordsOf(error))));
      socket.on('message', (bytes) => {
        const brought = read(bytes, sent);
        strays += 1;
        if (brought) settle(brought);
        else if (strays === MOST_STRAYS) settle(silence('sends answers to other questions'));
      });
      socket.connect(port, address, (error?: Error) => {
        if (error) settle(silence(wordsOf(error)));
        else socket.send(sent.bytes);
      });
    });
  } finally {
    socket.close();
  }
}

async function overTcp(
  { address, port, name, type }: Question,
  hasEdns: boolean,
  limit: Limit,
): Promise<Brought> {
  const sent = newQuery(name, type, hasEdns);
  const heard = await askStream({ host: address, port }, { bytes: sent.bytes, ...limit });
  if (heard.kind === 'silence') return heard;
  return read(heard.bytes, sent) ?? silence('sends something else than DNS over TCP');
}

function read(bytes: Buffer, sent: Sent): Brought | undefined {
  const reply = readReply(bytes, sent);
  if (reply) return { kind: 'reply', reply };
  const rcode = readBareCode(bytes, sent);
  return rcode === undefined ? undefined : { kind: 'bare', rcode };
}
