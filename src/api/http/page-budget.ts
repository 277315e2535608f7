import type { ServerResponse } from 'node:http';
import { Fault } from '../../kit/fault.ts';

/** Items of a page that needs no leave. */
export const MOST_FREE = 50;

/** Bytes of memory that an item of a list is taken to have until it was read. */
const BYTES_AN_ITEM = 8_192;

/** How much memory large pages may take, and how long is waited for it and in it, in milliseconds. */
export interface BudgetLimits {
  readonly mostBytes: number;
  /** Of one account: so that none keeps others from their pages. */
  readonly mostBytesOfOne: number;
  /** Pages that are read at once: each holds up what is read over the same connection. */
  readonly mostReading: number;
  readonly mostWaiting: number;
  readonly patienceMs: number;
  /** How long a page may take to leave. */
  readonly sendMs: number;
}

const USUAL: BudgetLimits = {
  mostBytes: 2 ** 26,
  mostBytesOfOne: 3 * 2 ** 23,
  mostReading: 2,
  mostWaiting: 1_000,
  patienceMs: 20_000,
  sendMs: 120_000,
};

/** Leave to read a page and keep it until it was sent. */
export interface Lease {
  /** The page was read and has so many bytes. */
  hasRead(bytes: number): void;
  /** There will be no page. */
  release(): void;
}

/** A page that is asked for. */
export interface LargePage {
  /** Account of whoever asks. */
  readonly owner: string;
  readonly items: number;
  /** How often each item is in memory while the page is put together. */
  readonly copies?: number;
}

interface HeldLease extends Lease {
  /** Nobody waits for the page any more: given back as soon as it is not being read. */
  end(): void;
}

interface Waiting {
  readonly owner: string;
  readonly bytes: number;
  readonly grant: (lease: HeldLease) => void;
}

/** Keeps what pages of more than `MOST_FREE` items take within a bound: who asks for one waits until there is room. */
export class PageBudget {
  readonly #limits: BudgetLimits;
  #used = 0;
  #reading = 0;
  readonly #usedBy = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();

  constructor(limits: BudgetLimits = USUAL) {
    this.#limits = limits;
  }

  /** Bytes that are taken by pages under way. */
  get used(): number {
    return this.#used;
  }

  /**
   * Leave for a page; it is given back when the answer has left, or takes too long to. Throws `too_many_requests` where there
   * is no room for too long.
   */
  async leaseFor(response: ServerResponse, { owner, items, copies = 1 }: LargePage): Promise<Lease> {
    if (items <= MOST_FREE) return FREE;
    const lease = await this.#lease(owner, items * copies * BYTES_AN_ITEM);
    if (response.destroyed) {
      lease.release();
      throw new Fault('malformed_request', 'the client has gone');
    }
    const timer = setTimeout(() => {
      lease.release();
      response.destroy();
    }, this.#limits.sendMs).unref();
    response.once('close', () => {
      clearTimeout(timer);
      lease.end();
    });
    return lease;
  }

  #lease(owner: string, bytes: number): Promise<HeldLease> {
    if (this.#waiting.size >= this.#limits.mostWaiting) return Promise.reject(tooMany());
    const { promise, resolve, reject } = Promise.withResolvers<HeldLease>();
    const waiting = { owner, bytes, grant: resolve };
    const timer = setTimeout(() => {
      if (this.#waiting.delete(waiting)) reject(tooMany());
    }, this.#limits.patienceMs);
    this.#waiting.add(waiting);
    this.#grantAll();
    return promise.finally(() => clearTimeout(timer));
  }

  /** In the order in which they came, but past those whose account has enough. */
  #grantAll(): void {
    for (const waiting of this.#waiting) {
      if (this.#reading >= this.#limits.mostReading || !this.#hasRoom(waiting.bytes)) return;
      if (!this.#hasRoomOf(waiting)) continue;
      this.#waiting.delete(waiting);
      waiting.grant(this.#newLease(waiting));
    }
  }

  /** What is larger than all that there is goes alone. */
  #hasRoom(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#limits.mostBytes;
  }

  #hasRoomOf({ owner, bytes }: Waiting): boolean {
    const used = this.#usedBy.get(owner) ?? 0;
    return used === 0 || used + bytes <= this.#limits.mostBytesOfOne;
  }

  #newLease({ owner, bytes }: Waiting): HeldLease {
    let held = bytes;
    let [isReading, isEnded, isReleased] = [true, false, false];
    this.#take(owner, bytes);
    this.#reading += 1;
    const change = (to: number): void => {
      if (isReleased) return;
      if (isReading) this.#reading -= 1;
      isReading = false;
      this.#take(owner, to - held);
      held = to;
      this.#grantAll();
    };
    const release = (): void => {
      change(0);
      isReleased = true;
    };
    const end = (): void => {
      isEnded = true;
      if (!isReading) release();
    };
    return { hasRead: (actual) => (isEnded ? release() : change(actual)), release, end };
  }

  #take(owner: string, bytes: number): void {
    this.#used += bytes;
    const used = (this.#usedBy.get(owner) ?? 0) + bytes;
    if (used === 0) this.#usedBy.delete(owner);
    else this.#usedBy.set(owner, used);
  }
}

const FREE: Lease = { hasRead: () => undefined, release: () => undefined };

const tooMany = (): Fault =>
  new Fault(
    'too_many_requests',
    `too many large pages at once; ask again, or for at most ${MOST_FREE} a page`,
    {
      retryAfter: 1,
    },
  );
