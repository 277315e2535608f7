/** How often tokens are tried: one address has a few tries a minute, so that nobody guesses, and nobody keeps the service at it. */
export class Tries {
  readonly #most: number;
  readonly #counts = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(most: number, windowMs = 60_000) {
    this.#most = most;
    this.#timer = setInterval(() => this.#counts.clear(), windowMs).unref();
  }

  /** Counts a try; false: it is one too many. */
  take(address: string): boolean {
    const count = (this.#counts.get(address) ?? 0) + 1;
    if (this.#counts.size < MOST_ADDRESSES || this.#counts.has(address)) this.#counts.set(address, count);
    return count <= this.#most;
  }

  /** What worked counts for nothing. */
  giveBack(address: string): void {
    this.#counts.delete(address);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

const MOST_ADDRESSES = 10_000;
