/** Tells whoever waits for something by its id what became of it; where nobody waits, nothing is kept. */
export class KeyedSignal<T> {
  readonly #listening = new Map<string, Set<(now: T | undefined) => void>>();

  /** Wakes all who wait for `id`, with what it is now, if that is known. */
  notify(id: string, now?: T): void {
    for (const wake of this.#listening.get(id) ?? []) wake(now);
  }

  /** Calls `wake` at each ring of `id`, until what is returned is called. */
  listen(id: string, wake: (now: T | undefined) => void): () => void {
    const mine = this.#listening.get(id) ?? new Set();
    this.#listening.set(id, mine.add(wake));
    return () => {
      mine.delete(wake);
      if (mine.size === 0 && this.#listening.get(id) === mine) this.#listening.delete(id);
    };
  }

  /** Waits for the next ring of `id`, `ms` milliseconds at most: what it told. */
  async next(id: string, ms: number): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const leave = this.listen(id, resolve);
    const timer = setTimeout(() => resolve(undefined), ms);
    const now = await promise;
    clearTimeout(timer);
    leave();
    return now;
  }
}
