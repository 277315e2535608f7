import { Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';

/** When rounds are made, and what is done in one. */
export interface RoundOptions<Change, Outcome> {
  /** How long the first change of a round waits for others. */
  readonly gather: Seconds;
  /** Least time from the end of a round to the beginning of the next. */
  readonly every: Seconds;
  /** Makes many changes at once; one at a time. */
  readonly run: (changes: readonly Change[]) => Promise<Outcome>;
}

interface Waiting<Change, Outcome> {
  readonly change: Change;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
}

/** Gathers changes, so that many cost what one costs, and none is made more often than an edge can take. */
export class Rounds<Change, Outcome> {
  readonly #options: RoundOptions<Change, Outcome>;
  #waiting: Waiting<Change, Outcome>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #notBefore = 0;

  constructor(options: RoundOptions<Change, Outcome>) {
    this.#options = options;
  }

  /** What came of the round that the change was in. A change that is aborted before its round began is not made. */
  add(change: Change, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const waiting = { change, resolve, reject };
    const leave = () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.push(waiting);
    this.#plan();
    return promise.finally(() => signal.removeEventListener('abort', leave));
  }

  /** Ends the round that is under way, and begins no other. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const { reject } of this.#waiting.splice(0))
      reject(
        new Fault('edge_unreachable', 'the edge was let go of before its next reload: it is tried again'),
      );
    await this.#running;
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#waiting.length === 0) return;
    const wait = Math.max(this.#options.gather * 1_000, this.#notBefore - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#round().finally(() => {
        this.#running = undefined;
        this.#plan();
      });
    }, wait);
  }

  async #round(): Promise<void> {
    const those = this.#waiting.splice(0);
    if (those.length === 0) return;
    try {
      const outcome = await this.#options.run(those.map(({ change }) => change));
      for (const { resolve } of those) resolve(outcome);
    } catch (error) {
      for (const { reject } of those) reject(error);
    }
    this.#notBefore = performance.now() + this.#options.every * 1_000;
  }
}
