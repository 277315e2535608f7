import type { Seconds } from '../kit/time.ts';

/** Time after which a program that does not answer is ended, in which handshakes are over too; and between two questions. */
const PATIENCE: Seconds = 10;
const PAUSE_MS = 1_000;
/** What came while this process itself stood still is read first. */
const GRACE_MS = 1_000;

/** Asks a program whether it still takes frames, so that one which hangs or was stopped is ended, and begun again. */
export class Liveness {
  readonly #ask: () => number;
  readonly #dead: () => void;
  readonly #patienceMs: number;
  #asked: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #heardAt = Number.NEGATIVE_INFINITY;

  /** `ask` sends a question and returns its id; `dead` is called when there was no answer. */
  constructor(ask: () => number, dead: () => void, patience: Seconds = PATIENCE) {
    this.#ask = ask;
    this.#dead = dead;
    this.#patienceMs = patience * 1_000;
  }

  /** Looks now, unless it just did. */
  look(): void {
    if (this.#asked !== undefined || performance.now() - this.#heardAt < PAUSE_MS) return;
    this.#asked = this.#ask();
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(this.#dead, GRACE_MS).unref();
    }, this.#patienceMs).unref();
  }

  /** Whether an answer is to its question. */
  isAnswer(id: number): boolean {
    if (id !== this.#asked) return false;
    this.stop();
    this.#heardAt = performance.now();
    return true;
  }

  /** The program ended, or is another one. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#asked = undefined;
  }
}
