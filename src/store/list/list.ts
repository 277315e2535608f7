/**
 * Pages of a zone's packs, oldest first, as the JSON that was stored with each. A page is found by counted buckets, so a
 * deep one costs what the first costs; rows, total and version are of one snapshot. Three ways lead to a page: `near`
 * for what lies at the beginning, `walk` by the buckets in the database, and `step` by a ladder: the counts of buckets
 * in memory, of a zone that is read more often than it is written.
 */
import { selectionOf } from '../../pack/list-index.ts';
import { intAt, isNull, locate, offsetsFor, textAt } from '../protocol/data-row.ts';
import type { Reader } from '../protocol/reader.ts';
import { type PageAsk } from './page-ask.ts';
import { type Ladder, Ladders, placeOf, remember, toLadder, toNumbers } from './page-index.ts';
import { isNear, ladderOf, near, step, type Way, walk } from './page-queries.ts';

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
  #ladders = new Ladders();
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
    const ladder = await this.#ladderFor(ask, version);
    if (ladder && (await this.#step(ask, ladder, onPack))) return ladder;
    const head = await this.#whole(isNear(ask) ? near(ask) : walk(ask), onPack);
    if (head && !isNear(ask)) this.#ladders.walked(ask, head);
    return head;
  }

  /** The ladder of that version; made now if it was missed so often that it is worth its price. */
  async #ladderFor(ask: PageAsk, version: number): Promise<Ladder | undefined> {
    if (this.#era !== this.#reader.era) this.#ladders = new Ladders();
    this.#era = this.#reader.era;
    const there = this.#ladders.get(ask, version);
    if (there || !this.#ladders.isWorth(ask, version)) return there;
    const made = await readLadder(this.#reader, ask);
    if (made) this.#ladders.put(ask, made);
    return made?.version === version ? made : undefined;
  }

  /** Whether the zone still had the ladder's version; if not, nothing was handed over. */
  async #step(ask: PageAsk, ladder: Ladder, onPack: OnPack): Promise<boolean> {
    const place = placeOf(ladder, ask);
    if (!place) return true;
    const ords: number[] = [];
    const { statement, values } = step(ask, ladder, place);
    await this.#reader.read(statement, values, (bytes, at) => {
      locate(bytes, at, STEP_CELLS);
      const ord = intAt(bytes, STEP_CELLS, 0);
      ords.push(ord);
      onPack({
        ord,
        jsonVersion: intAt(bytes, STEP_CELLS, 1),
        bytes,
        start: STEP_CELLS[4] ?? 0,
        end: STEP_CELLS[5] ?? 0,
      });
    });
    const [first, last] = [ords[0], ords.at(-1)];
    if (first === undefined || last === undefined) return false;
    remember(ladder, ask, [first, last]);
    return true;
  }

  async #whole({ statement, values }: Way, onPack: OnPack): Promise<PageHead | undefined> {
    let head: PageHead | undefined;
    await this.#reader.read(statement, values, (bytes, at) => {
      locate(bytes, at, CELLS);
      head ??= { version: intAt(bytes, CELLS, 0), total: intAt(bytes, CELLS, 1) };
      if (isNull(CELLS, 4)) return;
      onPack({
        ord: intAt(bytes, CELLS, 2),
        jsonVersion: intAt(bytes, CELLS, 3),
        bytes,
        start: CELLS[8] ?? 0,
        end: CELLS[9] ?? 0,
      });
    });
    return head;
  }
}

/** Offsets of a row of `near` and `walk`: version, total, ord, wire_version, wire. Used up within each row. */
const CELLS = offsetsFor(5);
/** The same of `step`: ord, wire_version, wire. */
const STEP_CELLS = offsetsFor(3);
/** The same of a ladder: version, total, classes, bucket, count. */
const LADDER_CELLS = offsetsFor(5);

/** The ladder of a zone's packs as they are now, or undefined where the zone is gone. */
async function readLadder(reader: Reader, ask: PageAsk): Promise<Ladder | undefined> {
  const { statement, values } = ladderOf(ask);
  const { classes } = selectionOf(ask);
  let head: Pick<Ladder, 'version' | 'total' | 'classes'> | undefined;
  const buckets: number[] = [];
  const counts: number[] = [];
  await reader.read(statement, values, (bytes, at) => {
    locate(bytes, at, LADDER_CELLS);
    head ??= {
      version: intAt(bytes, LADDER_CELLS, 0),
      total: intAt(bytes, LADDER_CELLS, 1),
      classes: classes && toNumbers(textAt(bytes, LADDER_CELLS, 2)),
    };
    if (isNull(LADDER_CELLS, 3)) return;
    buckets.push(intAt(bytes, LADDER_CELLS, 3));
    counts.push(intAt(bytes, LADDER_CELLS, 4));
  });
  return head && toLadder(head, buckets, counts);
}
