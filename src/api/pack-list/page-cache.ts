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

/** Bytes that an entry costs beside its bodies. */
const OVERHEAD = 1_000;
/** After so many requests, what was asked for before the last so many is forgotten. */
const MEMORY = 20_000;

/**
 * Pages of lists in memory, bounded in bytes. Whoever takes one has to know the zone's version from the database: a
 * page of another version is none. A page is let in when it is asked for a second time, and where it would drive out
 * another only if it was asked for more often of late (TinyLFU, Einziger and others 2017): so a crawl over many pages
 * neither fills the cache nor empties it.
 */
export class PageCache {
  readonly #pages: LRUCache<string, CachedPage> | undefined;
  readonly #mostBytes: number;
  /** How often keys were asked for of late, and before. */
  #times = new Map<string, number>();
  #timesBefore = new Map<string, number>();
  #asked = 0;

  /** `mostBytes` 0: nothing is kept. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
    if (mostBytes === 0) return;
    this.#pages = new LRUCache({ maxSize: mostBytes, sizeCalculation: sizeOf });
  }

  /** The page of that key and version, or undefined. */
  get(key: string, version: number): CachedPage | undefined {
    if (!this.#pages) return undefined;
    this.#count(key);
    const page = this.#pages.get(key);
    return page?.version === version ? page : undefined;
  }

  /** Keeps a page of so many bytes, if it is wanted often enough; it is made only then. */
  offer(key: string, bytes: number, make: () => CachedPage): void {
    if (this.#pages && this.#isWanted(this.#pages, key, bytes)) this.#pages.set(key, make());
  }

  /** A page in the cache has another coding now and counts for more. */
  grew(key: string, page: CachedPage): void {
    if (this.#pages?.peek(key) === page) this.#pages.set(key, { ...page });
  }

  /** Bytes that all pages count for. */
  get bytes(): number {
    return this.#pages?.calculatedSize ?? 0;
  }

  #isWanted(pages: LRUCache<string, CachedPage>, key: string, bytes: number): boolean {
    if (pages.has(key)) return true;
    const times = this.#timesOf(key);
    if (times < 2) return false;
    if (pages.calculatedSize + bytes + OVERHEAD <= this.#mostBytes) return true;
    const [loser] = pages.rkeys();
    return loser === undefined || times > this.#timesOf(loser);
  }

  #timesOf(key: string): number {
    return (this.#times.get(key) ?? 0) + (this.#timesBefore.get(key) ?? 0);
  }

  #count(key: string): void {
    this.#asked += 1;
    if (this.#asked % MEMORY === 0) {
      this.#timesBefore = this.#times;
      this.#times = new Map();
    }
    this.#times.set(key, (this.#times.get(key) ?? 0) + 1);
  }
}

function sizeOf({ body, coded }: CachedPage): number {
  return [...coded.values()].reduce((sum, one) => sum + one.body.length, body.length) + OVERHEAD;
}
