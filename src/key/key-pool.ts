import { generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Fault } from '../kit/fault.ts';
import type { Algorithm } from '../pack/pack.ts';

const generate = promisify(generateKeyPair);

/** How much is made ahead. */
export interface KeyPoolOptions {
  /** How many RSA keys are kept ready. */
  readonly size: number;
  /** How many are made at the same time, each on a thread of libuv's pool (four unless told). */
  readonly atOnce: number;
}

/**
 * Private keys for certificates. A P-256 key is made when it is taken (0.05 ms); RSA-2048 keys, a tenth of a
 * second each, are made ahead and off the event loop: again when half of them are taken, so that a burst of orders
 * has the processor for itself. No key is given out twice.
 */
export class KeyPool {
  readonly #options: KeyPoolOptions;
  readonly #ready: KeyObject[] = [];
  readonly #waiting: PromiseWithResolvers<KeyObject>[] = [];
  #making = 0;
  #isClosed = false;

  constructor(options: KeyPoolOptions) {
    this.#options = options;
    this.#refill();
  }

  /** A new private key. Waits for an RSA key where none is ready; rejects once the pool is closed. */
  take(algorithm: Algorithm): Promise<KeyObject> {
    if (algorithm === 'ecdsa') return Promise.resolve(newEcKey());
    if (this.#isClosed) return Promise.reject(closed());
    const taker = Promise.withResolvers<KeyObject>();
    const key = this.#ready.shift();
    if (key) taker.resolve(key);
    else this.#waiting.push(taker);
    if (this.#ready.length <= this.#options.size / 2) this.#refill();
    return taker.promise;
  }

  /** How many RSA keys are ready. */
  get ready(): number {
    return this.#ready.length;
  }

  /** Ends the making of keys. Whoever waits for one is rejected. */
  close(): void {
    this.#isClosed = true;
    this.#ready.length = 0;
    for (const taker of this.#waiting.splice(0)) taker.reject(closed());
  }

  #refill(): void {
    const wanted = this.#options.size - this.#ready.length + this.#waiting.length;
    const missing = Math.min(wanted, Math.max(1, this.#options.atOnce)) - this.#making;
    for (let n = 0; n < missing; n += 1) void this.#make();
  }

  async #make(): Promise<void> {
    this.#making += 1;
    try {
      const { privateKey } = await generate('rsa', { modulusLength: 2048 });
      const taker = this.#waiting.shift();
      if (taker) taker.resolve(privateKey);
      else if (!this.#isClosed) this.#ready.push(privateKey);
    } catch (error) {
      this.#waiting.shift()?.reject(error);
      return;
    } finally {
      this.#making -= 1;
    }
    if (!this.#isClosed) this.#refill();
  }
}

const newEcKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const closed = () => new Fault('internal', 'the service is shutting down');
