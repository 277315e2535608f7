import { LRUCache } from 'lru-cache';

/** An answer that is ready to be sent. */
export interface Ready {
  readonly head: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/** A page as it goes over the wire. */
export interface CachedPage extends Ready {
  /** Version of the zone that the page shows. */
  readonly version: number;
  /** The same by content coding, made when it was first asked for. */
  readonly coded: Map<string, Ready>;
}

/** How many keys are remembered as asked for once. */
const MOST_ONCE = 20_000;
/** Bytes that an entry costs beside its bodies. */
const OVERHEAD = 1_000;

/**
 * Pages of lists in memory, bounded in bytes. Whoever takes one has to know the zone's version from the database: a
 * page of another version is none. A page is let in when it is asked for a second time, so that a crawl over many
 * pages neither fills the cache nor empties it.
 */
export class PageCache {
  readonly #pages: LRUCache<string, CachedPage> | undefined;
  #once = new Set<string>();
  #onceBefore = new Set<string>();

  /** `mostBytes` 0: nothing is kept. */
  constructor(mostBytes: number) {
    if (mostBytes === 0) return;
    this.#pages = new LRUCache({ maxSize: mostBytes, sizeCalculation: sizeOf });
  }

  /** The page of that key and version, or undefined. */
  get(key: string, version: number): CachedPage | undefined {
    const page = this.#pages?.get(key);
    return page?.version === version ? page : undefined;
  }

  /** Keeps a page that was asked for before, which is made only then. */
  offer(key: string, make: () => CachedPage): void {
    if (this.#pages && (this.#pages.has(key) || this.#isAgain(key))) this.#pages.set(key, make());
  }

  /** A page in the cache has another coding now and counts for more. */
  grew(key: string, page: CachedPage): void {
    if (this.#pages?.peek(key) === page) this.#pages.set(key, { ...page });
  }

  /** Bytes that all pages count for. */
  get bytes(): number {
    return this.#pages?.calculatedSize ?? 0;
  }

  #isAgain(key: string): boolean {
    if (this.#once.has(key) || this.#onceBefore.has(key)) return true;
    if (this.#once.size >= MOST_ONCE) {
      this.#onceBefore = this.#once;
      this.#once = new Set();
    }
    this.#once.add(key);
    return false;
  }
}

function sizeOf({ body, coded }: CachedPage): number {
  return [...coded.values()].reduce((sum, one) => sum + one.body.length, body.length) + OVERHEAD;
}
