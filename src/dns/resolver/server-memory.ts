import { LRUCache } from 'lru-cache';
import type { AskedType } from '../message/message.ts';

/** How long it is remembered of a server that it takes no EDNS, in milliseconds. */
const PLAIN_MS = 600_000;
/** For so long a server that was silent is waited for only shortly, */
const SILENT_MS = 5_000;
/** and for so long less than others. */
const SLOW_MS = 300_000;
/** Questions to one address that are open at a time. */
const MOST_OPEN = 20;
const MOST_ADDRESSES = 5_000;

/** How a server was found: `silent` a moment ago; `slow` where that was a while ago. */
export type Found = 'good' | 'slow' | 'silent';

/**
 * What looks beside and after one another find of name servers' addresses, so that dead ones cost each of them little, and
 * none is asked too much at once. In real time: it is about exchanges.
 */
export class ServerMemory {
  readonly #plain = new LRUCache<string, true>({ max: MOST_ADDRESSES, ttl: PLAIN_MS });
  /** When a server was silent, by address and type: some do not answer types that they do not know. */
  readonly #silent = new LRUCache<string, number>({ max: MOST_ADDRESSES, ttl: SLOW_MS });
  readonly #answered = new LRUCache<string, number>({ max: MOST_ADDRESSES, ttl: SLOW_MS });
  readonly #semaphores = new Map<string, Semaphore>();

  /** Whether the server answers questions without EDNS alone. */
  isPlain(address: string): boolean {
    return this.#plain.has(address);
  }

  notePlain(address: string): void {
    this.#plain.set(address, true);
  }

  find(address: string, type: AskedType): Found {
    const at = this.#silent.get(`${address} ${type}`);
    if (at === undefined) return 'good';
    return performance.now() - at < SILENT_MS ? 'silent' : 'slow';
  }

  /** It answered, whatever that was. */
  noteAnswer(address: string, type: AskedType): void {
    this.#answered.set(address, performance.now());
    this.#silent.delete(`${address} ${type}`);
  }

  /** It did not answer a question sent at `since`; that says nothing where it answered another one meanwhile. */
  noteSilence(address: string, type: AskedType, since: number): void {
    if ((this.#answered.get(address) ?? -1) < since)
      this.#silent.set(`${address} ${type}`, performance.now());
  }

  /** Waits until the address may be asked, and gives what is to be called afterwards; undefined on abort. */
  async enter(address: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    const semaphore = this.#semaphores.get(address) ?? new Semaphore();
    this.#semaphores.set(address, semaphore);
    const isIn = await semaphore.enter(signal);
    return isIn ? () => semaphore.leave(() => this.#semaphores.delete(address)) : undefined;
  }
}

/** Lets so many in at once, the others in the order in which they came. */
class Semaphore {
  #open = 0;
  readonly #waiting = new Set<(isIn: boolean) => void>();

  async enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#open < MOST_OPEN) {
      this.#open += 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const abort = () => {
      this.#waiting.delete(resolve);
      resolve(false);
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#waiting.add(resolve);
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  leave(empty: () => void): void {
    const [next] = this.#waiting;
    if (next) {
      this.#waiting.delete(next);
      next(true);
      return;
    }
    this.#open -= 1;
    if (this.#open === 0) empty();
  }
}
