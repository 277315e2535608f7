import { LRUCache } from 'lru-cache';
import { BUCKET_BITS } from './counts.ts';
import type { PageAsk } from './page-ask.ts';

/** How many packs match in the buckets of a zone, at one version: the place of any page, without a question. */
export interface Ladder {
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

/** A ladder remembers as many beginnings as it has buckets, and these few more. */
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

/** A ladder from the buckets that have matches, and how many each has. */
export function toLadder(
  { version, total, classes }: Pick<Ladder, 'version' | 'total' | 'classes'>,
  buckets: readonly number[],
  counts: readonly number[],
): Ladder {
  const before = new Int32Array(counts.length);
  for (let i = 1; i < counts.length; i++) before[i] = (before[i - 1] ?? 0) + (counts[i - 1] ?? 0);
  return { version, total, classes, buckets: Int32Array.from(buckets), before, begins: new Map() };
}

/** Where a page lies; undefined: behind the last match. */
export function placeOf({ total, buckets, before, begins }: Ladder, ask: PageAsk): Place | undefined {
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
  { begins, buckets }: Ladder,
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

/** A filter's way through a zone: its ladder, or how often the walk was made for want of one. */
interface Entry {
  readonly version: number;
  readonly total: number;
  readonly walks: number;
  readonly ladder: Ladder | undefined;
}

const MOST_BYTES = 16 * 2 ** 20;
/** Bytes of an entry without its ladder. */
const OVERHEAD = 300;
/** Bytes of a number in a ladder, and of a beginning that it remembers. */
const [NUMBER, BEGIN] = [4, 48];
const sizeOf = ({ buckets: { length } }: Ladder): number =>
  length * 2 * NUMBER + (length + SPARE_BEGINS) * BEGIN;
/** A ladder costs about as much as this many walks, and one more for so many packs. */
const LEAST_WALKS = 2;
const PACKS_A_WALK = 5_000;

/** Ladders of the zones that were read last, bounded in bytes. One is made when the walks that it saves have paid for it. */
export class Ladders {
  readonly #entries = new LRUCache<string, Entry>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ ladder }) => OVERHEAD + (ladder ? sizeOf(ladder) : 0),
  });

  /** Bytes that all ladders count for. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** The ladder of that version, or undefined. */
  get(ask: PageAsk, version: number): Ladder | undefined {
    const entry = this.#entries.get(keyOf(ask));
    return entry?.version === version ? entry.ladder : undefined;
  }

  /** Whether a zone of that version was walked so often that a ladder is worth its price. Then the count begins anew. */
  isWorth(ask: PageAsk, version: number): boolean {
    const entry = this.#entries.get(keyOf(ask));
    if (entry?.version !== version || entry.walks < LEAST_WALKS + entry.total / PACKS_A_WALK) return false;
    this.#entries.set(keyOf(ask), { ...entry, walks: 0 });
    return true;
  }

  /** Notes that a page was walked to. */
  walked(ask: PageAsk, { version, total }: Pick<Ladder, 'version' | 'total'>): void {
    const entry = this.#entries.get(keyOf(ask));
    const walks = entry?.version === version ? entry.walks + 1 : 1;
    this.#entries.set(keyOf(ask), { version, total, walks, ladder: undefined });
  }

  put(ask: PageAsk, ladder: Ladder): void {
    this.#entries.set(keyOf(ask), { version: ladder.version, total: ladder.total, walks: 0, ladder });
  }
}

const keyOf = ({ zoneId, status, environment }: PageAsk): string => `${zoneId} ${status} ${environment}`;

/** Numbers that were joined by commas. */
export const toNumbers = (text: string | null): number[] => (text ? text.split(',').map(Number) : []);
