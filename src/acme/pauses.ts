/** A server's wishes to be left alone (Retry-After with 429 and 503), kept by the kind of requests that they are about. */
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { after, between, minutes, type Seconds } from '../kit/time.ts';

/** What a request is about, in the words of RFC 8555 7.1 and RFC 9773 4.1. */
export type Endpoint =
  | 'directory'
  | 'new-nonce'
  | 'new-account'
  | 'account'
  | 'new-order'
  | 'order'
  | 'finalize'
  | 'authorization'
  | 'challenge'
  | 'certificate'
  | 'revoke-cert'
  | 'key-change'
  | 'renewal-info';

/** Where pauses are kept, so that other processes keep to them too. */
export interface PauseStore {
  /** All that are not over. */
  read(): Promise<ReadonlyMap<string, Date>>;
  put(endpoint: Endpoint, until: Date): Promise<void>;
}

/** Longest wish that is granted at once: a page for days of maintenance is often an oversight. */
export const LONGEST_PAUSE: Seconds = minutes(10);

/** How long what was read of other processes' pauses counts, in milliseconds of the machine's own time. */
const FRESH_MS = 5_000;

/** The pauses of one directory. */
export class Pauses {
  readonly #clock: Clock;
  readonly #store: PauseStore | undefined;
  #known = new Map<string, Date>();
  #readAt = -Infinity;

  constructor(clock: Clock, store: PauseStore | undefined) {
    this.#clock = clock;
    this.#store = store;
  }

  /** Throws `ca_unreachable`, with how long that is to last, where the server asked not to be asked this now. */
  async check(endpoint: Endpoint, host: string): Promise<void> {
    await this.#refresh();
    const until = this.#known.get(endpoint);
    const left = until ? between(this.#clock.now(), until) : 0;
    if (left <= 0) return;
    const retryAfter = Math.ceil(left);
    const why = `${host} asked not to be asked for ${endpoint} for ${retryAfter} s more`;
    throw new Fault('ca_unreachable', why, { retryAfter });
  }

  /** Takes note of a wish. */
  async note(endpoint: Endpoint, wish: Seconds): Promise<void> {
    if (wish <= 0) return;
    const until = after(this.#clock.now(), Math.min(wish, LONGEST_PAUSE));
    this.#known.set(endpoint, until);
    await this.#store?.put(endpoint, until);
  }

  async #refresh(): Promise<void> {
    if (!this.#store || performance.now() - this.#readAt < FRESH_MS) return;
    this.#readAt = performance.now();
    for (const [endpoint, until] of await this.#store.read()) this.#known.set(endpoint, until);
  }
}
