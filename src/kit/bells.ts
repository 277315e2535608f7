/** Tells whoever waits for something by its id that it changed; where nobody waits, nothing is kept. */
export class Bells {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Wakes all who wait for `id`. */
  ring(id: string): void {
    for (const wake of this.#waiting.get(id) ?? []) wake();
  }

  /** Waits for the next ring of `id`, `ms` milliseconds at most. */
  async next(id: string, ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const mine = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, mine.add(resolve));
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
    mine.delete(resolve);
    if (mine.size === 0) this.#waiting.delete(id);
  }
}
