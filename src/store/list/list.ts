/**
 * Pages of a zone's packs, oldest first, as the JSON that was stored with each. A page is found by counted buckets, so a
 * deep one costs what the first costs; rows, total and version are of one snapshot. Three ways lead to a page: `near`
 * for what lies at the beginning, `walk` by the buckets in the database, and `step` by a page index: the counts of buckets
 * in memory, of a zone that is read more often than it is written.
 */
import { selectionOf } from '../../pack/list-index.ts';
import { intAt, isNull, locate, offsetsFor, textAt } from '../protocol/data-row.ts';
import type { Reader } from '../protocol/reader.ts';
import { type PageAsk } from './page-ask.ts';
import { type PageIndex, PageIndexes, placeOf, remember, toNumbers, toPageIndex } from './page-index.ts';
import { indexBuckets, isNear, near, step, type Way, walk } from './page-queries.ts';

/** A pack's JSON as it came from the database: a part of `bytes`, which are good while they are handed over. */
export interface PageRow {
  readonly ord: number;
  readonly jsonVersion: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Takes the packs of a page, in their order. */
export type OnPack = (pack: PageRow) => void;

/** What a page tells beside its packs. */
export interface PageHead {
  /** Packs that match on all pages. */
  readonly total: number;
  /** Version of the zone in the same snapshot; raised by every change that can be seen in its list. */
  readonly version: number;
}

/** The lists of all zones, read from one database. */
export class Lists {
  readonly #reader: Reader;
  #indexes = new PageIndexes();
  /** The history that they are of. */
  #era = '';

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /**
   * Hands the page's packs to `onPack`. `version` is the zone's, read for the same request. Undefined where the zone is
   * gone.
   */
  async page(ask: PageAsk, version: number, onPack: OnPack): Promise<PageHead | undefined> {
    const index = await this.#indexFor(ask, version);
    if (index && (await this.#step(ask, index, onPack))) return index;
    const head = await this.#whole(isNear(ask) ? near(ask) : walk(ask), onPack);
    if (head && !isNear(ask)) this.#indexes.walked(ask, head);
    return head;
  }

  /** The index of that version; made now if it was missed so often that it is worth its price. */
  async #indexFor(ask: PageAsk, version: number): Promise<PageIndex | undefined> {
    if (this.#era !== this.#reader.era) this.#indexes = new PageIndexes();
    this.#era = this.#reader.era;
    const there = this.#indexes.get(ask, version);
    if (there || !this.#indexes.isWorth(ask, version)) return there;
    const made = await readPageIndex(this.#reader, ask);
    if (made) this.#indexes.put(ask, made);
    return made?.version === version ? made : undefined;
  }

  /** Whether the zone still had the index's version; if not, nothing was handed over. */
  async #step(ask: PageAsk, index: PageIndex, onPack: OnPack): Promise<boolean> {
    const place = placeOf(index, ask);
    if (!place) return true;
    const ords: number[] = [];
    const { statement, values } = step(ask, index, place);
    await this.#reader.read(statement, values, (bytes, at) => {
      locate(bytes, at, STEP_OFFSETS);
      const ord = intAt(bytes, STEP_OFFSETS, 0);
      ords.push(ord);
      onPack({
        ord,
        jsonVersion: intAt(bytes, STEP_OFFSETS, 1),
        bytes,
        start: STEP_OFFSETS[4] ?? 0,
        end: STEP_OFFSETS[5] ?? 0,
      });
    });
    const [first, last] = [ords[0], ords.at(-1)];
    if (first === undefined || last === undefined) return false;
    remember(index, ask, [first, last]);
    return true;
  }

  async #whole({ statement, values }: Way, onPack: OnPack): Promise<PageHead | undefined> {
    let head: PageHead | undefined;
    await this.#reader.read(statement, values, (bytes, at) => {
      locate(bytes, at, OFFSETS);
      head ??= { version: intAt(bytes, OFFSETS, 0), total: intAt(bytes, OFFSETS, 1) };
      if (isNull(OFFSETS, 4)) return;
      onPack({
        ord: intAt(bytes, OFFSETS, 2),
        jsonVersion: intAt(bytes, OFFSETS, 3),
        bytes,
        start: OFFSETS[8] ?? 0,
        end: OFFSETS[9] ?? 0,
      });
    });
    return head;
  }
}

/** Offsets of a row of `near` and `walk`: version, total, ord, wire_version, wire. Used up within each row. */
const OFFSETS = offsetsFor(5);
/** The same of `step`: ord, wire_version, wire. */
const STEP_OFFSETS = offsetsFor(3);
/** The same of a page index: version, total, classes, bucket, count. */
const INDEX_OFFSETS = offsetsFor(5);

/** The index of a zone's packs as they are now, or undefined where the zone is gone. */
async function readPageIndex(reader: Reader, ask: PageAsk): Promise<PageIndex | undefined> {
  const { statement, values } = indexBuckets(ask);
  const { classes } = selectionOf(ask);
  let head: Pick<PageIndex, 'version' | 'total' | 'classes'> | undefined;
  const buckets: number[] = [];
  const counts: number[] = [];
  await reader.read(statement, values, (bytes, at) => {
    locate(bytes, at, INDEX_OFFSETS);
    head ??= {
      version: intAt(bytes, INDEX_OFFSETS, 0),
      total: intAt(bytes, INDEX_OFFSETS, 1),
      classes: classes && toNumbers(textAt(bytes, INDEX_OFFSETS, 2)),
    };
    if (isNull(INDEX_OFFSETS, 3)) return;
    buckets.push(intAt(bytes, INDEX_OFFSETS, 3));
    counts.push(intAt(bytes, INDEX_OFFSETS, 4));
  });
  return head && toPageIndex(head, buckets, counts);
}
