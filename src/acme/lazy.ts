/** Work that is done once for all who ask, also at the same time. Its result is kept, its failure is not. */
export class Lazy<T> {
  readonly #work: () => Promise<T>;
  #result: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /** The result. An aborted signal ends the wait of this caller alone, not the work. */
  async get(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.#result ??= this.#start();
    const { promise, reject } = Promise.withResolvers<never>();
    const leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([this.#result, promise]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Forgets the result: the next who asks has the work done anew. */
  forget(): void {
    this.#result = undefined;
  }

  #start(): Promise<T> {
    const result = this.#work();
    // Forgets a failure, and hears it even when everybody who asked has left.
    result.catch(() => {
      if (this.#result === result) this.#result = undefined;
    });
    return result;
  }
}
