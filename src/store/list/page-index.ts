import { LRUCache } from 'lru-cache';
import { BUCKET_BITS } from './counts.ts';
import type { PageAsk } from './page-ask.ts';

/** How many packs match in the buckets of a zone, at one version: the place of any page, without a question. */
export interface PageIndex {
  readonly version: number;
  /** Packs that match. */
  readonly total: number;
  /** Classes of the filter that have packs; undefined: every pack matches. */
  readonly classes: readonly number[] | undefined;
  /** Buckets of level 0 that have a match, the first one first. */
  readonly buckets: Int32Array;
  /** Matches before each of these. */
  readonly before: Int32Array;
  /** Ordinals at which pages were seen to begin, by the number of matches before them. */
  readonly begins: Map<number, number>;
}

/** A page index remembers as many beginnings as it has buckets, and these few more. */
const SPARE_BEGINS = 64;

/** Where a page lies. */
export interface Place {
  /** An ordinal at or before its beginning. */
  readonly from: number;
  /** Matches from there to the page. */
  readonly leftOut: number;
  /** First ordinal behind the bucket in which it ends. */
  readonly to: number;
}

/** Ordinals of a bucket of level 0. */
const BUCKET = 2 ** BUCKET_BITS[0];

/** A page index from the buckets that have matches, and how many each has. */
export function toPageIndex(
  { version, total, classes }: Pick<PageIndex, 'version' | 'total' | 'classes'>,
  buckets: readonly number[],
  counts: readonly number[],
): PageIndex {
  const before = new Int32Array(counts.length);
  for (let i = 1; i < counts.length; i++) before[i] = (before[i - 1] ?? 0) + (counts[i - 1] ?? 0);
  return { version, total, classes, buckets: Int32Array.from(buckets), before, begins: new Map() };
}

/** Where a page lies; undefined: behind the last match. */
export function placeOf({ total, buckets, before, begins }: PageIndex, ask: PageAsk): Place | undefined {
  const offset = offsetOf(ask);
  if (offset >= total) return undefined;
  const last = lastAtMost(before, Math.min(offset + ask.perPage, total) - 1);
  const to = ((buckets[last] ?? 0) + 1) * BUCKET;
  const seen = begins.get(offset);
  if (seen !== undefined) return { from: seen, leftOut: 0, to };
  const first = lastAtMost(before, offset);
  return { from: (buckets[first] ?? 0) * BUCKET, leftOut: offset - (before[first] ?? 0), to };
}

/** Remembers where a page begins and ends, by the ordinals of its first and its last pack: the next one may be asked for. */
export function remember(
  { begins, buckets }: PageIndex,
  ask: PageAsk,
  [first, last]: readonly [number, number],
): void {
  if (begins.size >= buckets.length + SPARE_BEGINS) begins.clear();
  begins.set(offsetOf(ask), first);
  begins.set(offsetOf(ask) + ask.perPage, last + 1);
}

const offsetOf = ({ page, perPage }: PageAsk): number => (page - 1) * perPage;

/** Index of the last of ascending numbers that is at most `most`; the first is. */
function lastAtMost(numbers: Int32Array, most: number): number {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((numbers[middle] ?? 0) <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A filter's way through a zone: its index, or how often the walk was made for want of one. */
interface Entry {
  readonly version: number;
  readonly total: number;
  readonly walks: number;
  readonly index: PageIndex | undefined;
}

const MOST_BYTES = 16 * 2 ** 20;
/** Bytes of an entry without its index. */
const OVERHEAD = 300;
/** Bytes of a number in a page index, and of a beginning that it remembers. */
const [NUMBER, BEGIN] = [4, 48];
const sizeOf = ({ buckets: { length } }: PageIndex): number =>
  length * 2 * NUMBER + (length + SPARE_BEGINS) * BEGIN;
/** A page index costs about as much as this many walks, and one more for so many packs. */
const LEAST_WALKS = 2;
const PACKS_A_WALK = 5_000;

/** Page indexes of the zones that were read last, bounded in bytes. One is made when the walks that it saves have paid for it. */
export class PageIndexes {
  readonly #entries = new LRUCache<string, Entry>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ index }) => OVERHEAD + (index ? sizeOf(index) : 0),
  });

  /** Bytes that all indexes count for. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** The index of that version, or undefined. */
  get(ask: PageAsk, version: number): PageIndex | undefined {
    const entry = this.#entries.get(keyOf(ask));
    return entry?.version === version ? entry.index : undefined;
  }

  /** Whether a zone of that version was walked so often that a page index is worth its price. Then the count begins anew. */
  isWorth(ask: PageAsk, version: number): boolean {
    const entry = this.#entries.get(keyOf(ask));
    if (entry?.version !== version || entry.walks < LEAST_WALKS + entry.total / PACKS_A_WALK) return false;
    this.#entries.set(keyOf(ask), { ...entry, walks: 0 });
    return true;
  }

  /** Notes that a page was walked to. */
  walked(ask: PageAsk, { version, total }: Pick<PageIndex, 'version' | 'total'>): void {
    const entry = this.#entries.get(keyOf(ask));
    const walks = entry?.version === version ? entry.walks + 1 : 1;
    this.#entries.set(keyOf(ask), { version, total, walks, index: undefined });
  }

  put(ask: PageAsk, index: PageIndex): void {
    this.#entries.set(keyOf(ask), { version: index.version, total: index.total, walks: 0, index });
  }
}

const keyOf = ({ zoneId, status, environment }: PageAsk): string => `${zoneId} ${status} ${environment}`;

/** Numbers that were joined by commas. */
export const toNumbers = (text: string | null): number[] => (text ? text.split(',').map(Number) : []);
