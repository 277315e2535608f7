import type { Seconds } from './time.ts';

/**
 * The one source of time. Whoever decides by time is given a Clock; nobody asks `Date.now()` or SQL's `now()`.
 * Limits of a single network exchange are no decisions and stay in real time (`AbortSignal.timeout`).
 */
export interface Clock {
  now(): Date;
  /**
   * Resolves when `seconds` have passed, whatever the machine's time is set to meanwhile; rejects with the signal's reason once
   * it is aborted.
   */
  sleep(seconds: Seconds, signal?: AbortSignal): Promise<void>;
}

/** A clock that runs with the machine's and can be moved on, so that a year can be lived in seconds. */
export class VirtualClock implements Clock {
  #ahead: Seconds;
  readonly #sleepers = new Set<() => void>();

  /** `ahead` is how far this clock is ahead of the machine's. */
  constructor(ahead: Seconds = 0) {
    this.#ahead = ahead;
  }

  get ahead(): Seconds {
    return this.#ahead;
  }

  now(): Date {
    return new Date(Date.now() + this.#ahead * 1_000);
  }

  /** Milliseconds since some moment in the past, those by which this clock was moved on among them. */
  #passed(): number {
    return performance.now() + this.#ahead * 1_000;
  }

  /** Moves the clock on and wakes every sleeper whose time has come. */
  advance(seconds: Seconds): void {
    this.#ahead += seconds;
    for (const look of this.#sleepers) look();
  }

  async sleep(seconds: Seconds, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    // By a time that only goes on: the machine's may be put right, and what sleeps then would sleep on.
    const end = this.#passed() + seconds * 1_000;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let timer: NodeJS.Timeout | undefined;
    const look = () => {
      clearTimeout(timer);
      const left = end - this.#passed();
      if (left <= 0) resolve();
      else timer = setTimeout(look, Math.min(left, LONGEST_TIMEOUT_MS));
    };
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#sleepers.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#sleepers.delete(look);
      signal?.removeEventListener('abort', abort);
    }
  }
}

/** setTimeout fires at once when asked for more than 2^31 - 1 ms. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock = (): Clock => new VirtualClock();
