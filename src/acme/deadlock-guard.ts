type Kind = 'orders' | 'looks';

/**
 * Keeps new orders and looks at authorizations apart: Pebble hangs for good when both are under way under load, as each
 * waits for a lock that the other holds (letsencrypt/pebble, the in-memory store). Any number of one kind at a time; while
 * one kind waits, no more of the other begin.
 */
export class DeadlockGuard {
  #kind: Kind = 'looks';
  #running = 0;
  #waiting: { readonly kind: Kind; readonly go: () => void }[] = [];

  /** Runs `work` when none of the other kind runs. */
  async run<T>(kind: Kind, work: () => Promise<T>): Promise<T> {
    const mustWait = this.#running > 0 && (this.#kind !== kind || this.#waiting.length > 0);
    if (mustWait) await new Promise<void>((go) => this.#waiting.push({ kind, go }));
    else {
      this.#kind = kind;
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#next();
    }
  }

  #next(): void {
    const [first] = this.#waiting;
    if (!first) return;
    const next = this.#waiting.filter(({ kind }) => kind === first.kind);
    this.#waiting = this.#waiting.filter(({ kind }) => kind !== first.kind);
    this.#kind = first.kind;
    this.#running = next.length;
    for (const { go } of next) go();
  }
}
