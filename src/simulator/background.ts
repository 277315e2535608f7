/** Work that goes on after an answer: a bounded number at once, failures told and never thrown. */
export class Background {
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #fail: (error: unknown) => void;
  #running = 0;
  #isOpen = true;

  /** `fail` is told of every error. */
  constructor(fail: (error: unknown) => void) {
    this.#fail = fail;
  }

  /** Starts the work soon, never within this call. */
  add(work: () => Promise<void>): void {
    this.#waiting.push(work);
    setImmediate(() => this.#start());
  }

  /** Starts nothing more. */
  close(): void {
    this.#isOpen = false;
  }

  #start(): void {
    if (!this.#isOpen || this.#running >= MOST_AT_ONCE) return;
    const work = this.#waiting.shift();
    if (work) void this.#run(work);
  }

  async #run(work: () => Promise<void>): Promise<void> {
    this.#running += 1;
    try {
      await work();
    } catch (error) {
      if (this.#isOpen) this.#fail(error);
    }
    this.#running -= 1;
    this.#start();
  }
}

const MOST_AT_ONCE = 32;
