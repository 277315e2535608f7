import type { Seconds } from './time.ts';

/**
 * A signal that aborts after so much real time, unless it is disposed of before. `AbortSignal.timeout` cannot be: each makes an error, with
 * its stack, long after what it was for came to its end, which costs as much as a small request.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(seconds: Seconds) {
    this.#timer = setTimeout(() => this.#controller.abort(), seconds * 1_000).unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
