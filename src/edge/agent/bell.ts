/** Wakes all who wait. Whoever looked for work just before and found none misses nothing. */
export class Bell {
  #waiting = Promise.withResolvers<void>();

  /** Resolves at the next ring. */
  get next(): Promise<void> {
    return this.#waiting.promise;
  }

  readonly ring = (): void => {
    this.#waiting.resolve();
    this.#waiting = Promise.withResolvers<void>();
  };
}
