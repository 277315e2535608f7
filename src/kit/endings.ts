import type { Log } from './log.ts';
import type { Seconds } from './time.ts';

/** Something that was started, and how it ends. */
interface Ending {
  readonly name: string;
  readonly end: () => unknown;
  /** By which part of the whole time it has to be over. */
  readonly by: number;
}

/** What was started, to be ended in the opposite order, the last first, within a time that holds for all together. */
export class Endings implements AsyncDisposable {
  readonly #log: Log;
  readonly #within: Seconds;
  readonly #all: Ending[] = [];
  #isMoved = false;

  constructor(log: Log, within: Seconds) {
    this.#log = log;
    this.#within = within;
  }

  /** Adds what was started. `by` is the part of the time, up to 1, after which it is not waited for. */
  defer(name: string, end: () => unknown, by = 1): void {
    this.#all.push({ name, end, by });
  }

  /** From now on only `end` ends it all: not the block in which it was started. */
  keep(): void {
    this.#isMoved = true;
  }

  /** Ends all of it. Never rejects. Names of what had not ended when its time was over; what failed is logged. */
  async end(): Promise<string[]> {
    const began = performance.now();
    const late: string[] = [];
    for (const { name, end, by } of this.#all.splice(0).toReversed()) {
      const left = this.#within * 1_000 * by - (performance.now() - began);
      if (!(await isOverWithin(this.#ended(name, end), left))) late.push(name);
    }
    if (late.length > 0) this.#log.warn({ late }, 'stop_timeout_s is over, and this had not ended');
    return late;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isMoved) await this.end();
  }

  async #ended(name: string, end: () => unknown): Promise<void> {
    try {
      await end();
    } catch (err) {
      this.#log.warn({ err }, `${name}: did not end well`);
    }
  }
}

/** Whether `work` is over within so many milliseconds. */
async function isOverWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), Math.max(ms, 0));
  const isOver = await Promise.race([work.then(() => true), late.promise]);
  clearTimeout(timer);
  return isOver;
}
