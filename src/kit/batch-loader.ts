/** How single questions are asked many at a time. */
export interface BatchSource<K, V> {
  /** Reads all at once: what there is for each, in their order. */
  readonly read: (asked: readonly K[]) => Promise<readonly V[]>;
  /** Questions of one key are one question. */
  readonly keyOf: (asked: K) => string;
  /** How many reads are under way at most; while they are, questions gather for the next. */
  readonly atOnce: number;
}

/** A question, and all who wait for its answer. */
interface Waiting<K, V> {
  readonly asked: K;
  readonly answer: PromiseWithResolvers<V>;
}

/**
 * Gathers questions that come in the same turn of the event loop, or while others are under way, into one read. None is
 * answered by what was read before it came.
 */
export class BatchLoader<K, V> {
  readonly #gathering: BatchSource<K, V>;
  #waiting = new Map<string, Waiting<K, V>>();
  #underWay = 0;
  #isPlanned = false;

  constructor(gathering: BatchSource<K, V>) {
    this.#gathering = gathering;
  }

  /** The answer to one question. Rejects with whatever the read failed with. */
  load(asked: K): Promise<V> {
    const key = this.#gathering.keyOf(asked);
    const there = this.#waiting.get(key);
    if (there) return there.answer.promise;
    const answer = Promise.withResolvers<V>();
    this.#waiting.set(key, { asked, answer });
    this.#plan();
    return answer.promise;
  }

  /** Reads at the end of this turn of the event loop, after the last question that came in it. */
  #plan(): void {
    if (this.#isPlanned || this.#underWay >= this.#gathering.atOnce || this.#waiting.size === 0) return;
    this.#isPlanned = true;
    setImmediate(() => void this.#readAll());
  }

  async #readAll(): Promise<void> {
    const waiting = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#isPlanned = false;
    this.#underWay += 1;
    try {
      const answers = await this.#gathering.read(waiting.map(({ asked }) => asked));
      for (const [i, { answer }] of waiting.entries()) {
        const found = answers[i];
        if (found === undefined) answer.reject(new Error('a question was not answered'));
        else answer.resolve(found);
      }
    } catch (error) {
      for (const { answer } of waiting) answer.reject(error);
    } finally {
      this.#underWay -= 1;
      this.#plan();
    }
  }
}
