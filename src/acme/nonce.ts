/** Most nonces kept: as many as there can be exchanges at once, and some. */
const MOST_NONCES = 64;

/** A nonce that a server gave; undefined for what is none: base64url alone is used, as RFC 8555 6.5.1 asks. */
export const readNonce = (nonce: unknown): string | undefined =>
  typeof nonce === 'string' && /^[\w-]{1,512}$/.test(nonce) ? nonce : undefined;

/** Nonces that the server gave for the next requests (RFC 8555 6.5). The newest goes first, the oldest is dropped. */
export class NoncePool {
  readonly #nonces: string[] = [];

  /** Keeps a nonce; what is none is ignored. */
  put(given: unknown): void {
    const nonce = readNonce(given);
    if (nonce === undefined) return;
    this.#nonces.push(nonce);
    if (this.#nonces.length > MOST_NONCES) this.#nonces.shift();
  }

  /** A nonce that is given out this once, or undefined when there is none. */
  take(): string | undefined {
    return this.#nonces.pop();
  }
}
