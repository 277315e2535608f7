import { networkOf } from '../address.ts';

/** What to do with a UDP answer: send it, send only "ask over TCP", or send nothing. */
export type Verdict = 'send' | 'slip' | 'drop';

interface Bucket {
  tokens: number;
  /** Milliseconds of the monotonic clock. */
  at: number;
  excess: number;
}

/** Networks that are counted at a time; the one counted longest ago makes room. */
const MOST_NETWORKS = 10_000;

/**
 * Limits UDP answers to each network, so that forged queries cannot make us flood somebody. Of what is too many,
 * every second answer is a truncated one: a real client asks again over TCP, where addresses cannot be forged.
 */
export class ResponseRate {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  /** `perSecond` answers for each /24 or /56; 0 is no limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** The verdict on one more answer to `address`, at `now` milliseconds of a monotonic clock. */
  take(address: string, now = performance.now()): Verdict {
    if (this.#perSecond === 0) return 'send';
    const bucket = this.#bucketOf(networkOf(address), now);
    const filled = bucket.tokens + ((now - bucket.at) / 1_000) * this.#perSecond;
    bucket.tokens = Math.min(filled, this.#perSecond);
    bucket.at = now;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 'send';
    }
    bucket.excess += 1;
    return bucket.excess % 2 === 0 ? 'slip' : 'drop';
  }

  #bucketOf(network: string, now: number): Bucket {
    const bucket = this.#buckets.get(network) ?? { tokens: this.#perSecond, at: now, excess: 0 };
    // Last in the map is last used.
    this.#buckets.delete(network);
    this.#buckets.set(network, bucket);
    const [oldest] = this.#buckets.size > MOST_NETWORKS ? this.#buckets.keys() : [];
    if (oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}
