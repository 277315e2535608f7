import { randomBytes } from 'node:crypto';

/** Nonces kept at most; the oldest are forgotten first, and their owners try again. */
const MOST_NONCES = 50_000;

/** Anti-replay nonces (RFC 8555 6.5): each is good once, and none outlives the process. */
export class Nonces {
  readonly #open = new Set<string>();

  /** A fresh nonce. */
  issue(): string {
    const nonce = randomBytes(16).toString('base64url');
    this.#open.add(nonce);
    if (this.#open.size > MOST_NONCES) this.#open.delete(this.#open.values().next().value ?? '');
    return nonce;
  }

  /** Whether the nonce was open; it no longer is. */
  use(nonce: string): boolean {
    return this.#open.delete(nonce);
  }
}
