/** Tells whoever waits for something by its id what became of it; where nobody waits, nothing is kept. */
export class KeyedSignal<T> {
  readonly #waiting = new Map<string, Set<(now: T | undefined) => void>>();

  /** Wakes all who wait for `id`, with what it is now, if that is known. */
  notify(id: string, now?: T): void {
    for (const wake of this.#waiting.get(id) ?? []) wake(now);
  }

  /** Waits for the next ring of `id`, `ms` milliseconds at most: what it told. */
  async next(id: string, ms: number): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const mine = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, mine.add(resolve));
    const timer = setTimeout(() => resolve(undefined), ms);
    const now = await promise;
    clearTimeout(timer);
    mine.delete(resolve);
    if (mine.size === 0) this.#waiting.delete(id);
    return now;
  }
}
