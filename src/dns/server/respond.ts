import type { Log } from '../../kit/log.ts';
import { RCODE } from '../message/message.ts';
import type { Answers, Query } from '../message/query.ts';
import { type Authority, answerTo } from './authority.ts';

/** Longest that a client is kept waiting for what we publish, in milliseconds: resolvers give up soon after. */
const LONGEST_MS = 2_000;
/** A failing source is logged once in this many milliseconds. */
const LOG_EVERY_MS = 10_000;
/** Questions that wait for the source at a time. */
const MOST_PENDING = 2_000;

const SERVFAIL: Answers = {
  rcode: RCODE.servFail,
  isAuthoritative: false,
  answers: [],
  authorities: [],
  additionals: [],
};

/** Answers queries, whatever the source does: SERVFAIL when it fails, is late, or is asked too much at once. */
export class Respondent {
  readonly #authority: Authority;
  readonly #log: Log;
  #pending = 0;
  #unlogged = 0;
  #quietUntil = 0;

  constructor(authority: Authority, log: Log) {
    this.#authority = authority;
    this.#log = log;
  }

  /** The bytes of the answer as `encode` makes them. Never rejects. */
  async respond(query: Query, encode: (query: Query, answers: Answers) => Buffer): Promise<Buffer> {
    if (this.#pending >= MOST_PENDING) return encode(query, SERVFAIL);
    this.#pending += 1;
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error('the source is late')), LONGEST_MS);
    try {
      return encode(query, await Promise.race([answerTo(query, this.#authority), promise]));
    } catch (error) {
      this.#report(error);
      return encode(query, SERVFAIL);
    } finally {
      clearTimeout(timer);
      this.#pending -= 1;
    }
  }

  #report(error: unknown): void {
    const now = performance.now();
    this.#unlogged += 1;
    if (now < this.#quietUntil) return;
    this.#log.error({ err: error, failures: this.#unlogged }, 'DNS questions cannot be answered');
    this.#quietUntil = now + LOG_EVERY_MS;
    this.#unlogged = 0;
  }
}
