/**
 * Pages of a zone's packs, oldest first, as the JSON that was stored with each. A page is found by counting down two
 * levels of buckets, so a deep one costs what the first costs; rows, total and version are of one snapshot.
 */
import { type ListFilter, selectionOf } from '../pack/tally.ts';
import { BUCKET_BITS } from './counts.ts';
import { type Statement, statement } from './statement.ts';
import type { Db } from './store.ts';
import { intAt, isNull, locate, offsetsFor } from './wire/cells.ts';
import type { Reader, Texts } from './wire/reader.ts';

/** Which page of which packs of a zone. */
export interface PageAsk extends ListFilter {
  readonly zoneId: string;
  readonly page: number;
  readonly perPage: number;
}

/** A pack's JSON as it came from the database: a part of `bytes`. */
export interface StoredWire {
  readonly ord: number;
  readonly wireVersion: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface Page {
  readonly rows: readonly StoredWire[];
  /** Packs that match on all pages. */
  readonly total: number;
  /** Version of the zone in the same snapshot; raised by every change that can be seen in its list. */
  readonly version: number;
}

const [NEAR_BITS, FAR_BITS] = BUCKET_BITS;
const NEAR = 2 ** NEAR_BITS;
const SPAN = 2 ** (FAR_BITS - NEAR_BITS);

/** Rows of `level` where `within` holds, each with how many matches it has and how many are before it. */
const counted = (level: number, within: string): string => `
  select bucket, n, sum(n) over (order by bucket) - n as before
    from (select bucket, counts[:a::int] + counts[:b::int] as n from pack_buckets
           where zone_id = :zone and level = ${level} and ${within}) as level${level}`;

/** The zone, and the bucket in which the page begins: from which ordinal on, and how many matches to leave out. */
const FOUND = `
  zone as materialized (
    select version, counts[:a::int] + counts[:b::int] as total from zones where id = :zone),
  far as materialized (
    select bucket, :offset - before as left_out from (${counted(1, 'true')}) as far
     where before <= :offset and before + n > :offset),
  near as materialized (
    select near.bucket * ${NEAR}::bigint as from_ord, far.left_out - near.before as left_out
      from far cross join lateral (
        ${counted(0, `bucket >= far.bucket * ${SPAN} and bucket < far.bucket * ${SPAN} + ${SPAN}`)}) as near
     where near.before <= far.left_out and near.before + near.n > far.left_out)`;

const COLUMNS = 'packs.ord, packs.wire_version, packs.wire';

/** Every pack from there on. */
const EVERY = statement(`
  with ${FOUND}
  select zone.version, zone.total, page.*
    from zone left join lateral (
      select ${COLUMNS} from packs
       where zone_id = :zone and ord >= (select from_ord from near)
       order by ord offset (select left_out from near)::bigint limit :limit) as page on true`);

/** Packs of some classes: of each as many as the page could need, then the first of all these. */
const BY_CLASS = statement(`
  with ${FOUND},
  ords as materialized (
    select one.ord
      from unnest(:classes::smallint[]) as class cross join lateral (
        select ord from packs
         where zone_id = :zone and packs.class = class.class and ord >= (select from_ord from near)
         order by ord limit (select left_out from near)::bigint + :limit) as one
     order by ord offset (select left_out from near)::bigint limit :limit)
  select zone.version, zone.total, page.*
    from zone left join lateral (
      select ${COLUMNS} from ords join packs on packs.zone_id = :zone and packs.ord = ords.ord) as page on true`);

/** The statement of a page, with its values. */
export function pageStatement(ask: PageAsk): { statement: Statement; values: Texts } {
  const { slots, classes } = selectionOf(ask);
  const values = {
    zone: ask.zoneId,
    a: String(slots[0]),
    b: String(slots[1]),
    offset: String((ask.page - 1) * ask.perPage),
    limit: String(ask.perPage),
    ...(classes && { classes: `{${classes.join(',')}}` }),
  };
  return { statement: classes ? BY_CLASS : EVERY, values };
}

/** The page, or undefined where the zone is gone. */
export async function listPage(reader: Reader, ask: PageAsk): Promise<Page | undefined> {
  const { statement: page, values } = pageStatement(ask);
  const rows: StoredWire[] = [];
  let head: Pick<Page, 'total' | 'version'> | undefined;
  await reader.read(page, values, (bytes, at) => {
    locate(bytes, at, CELLS);
    head ??= { version: intAt(bytes, CELLS, 0), total: intAt(bytes, CELLS, 1) };
    if (!isNull(CELLS, 4)) rows.push(toWire(bytes));
  });
  // A join gives its rows in the order that suits the planner.
  if (rows.some(({ ord }, i) => ord < (rows[i - 1]?.ord ?? 0))) rows.sort((x, y) => x.ord - y.ord);
  return head && { ...head, rows };
}

/** Offsets of a row of a page: version, total, ord, wire_version, wire. Used up within each row. */
const CELLS = offsetsFor(5);

const toWire = (bytes: Buffer): StoredWire => ({
  ord: intAt(bytes, CELLS, 2),
  wireVersion: intAt(bytes, CELLS, 3),
  bytes,
  start: CELLS[8] ?? 0,
  end: CELLS[9] ?? 0,
});

/** The stored JSON of one pack, or undefined where the zone has no such pack. */
export async function getWire(
  db: Db,
  zoneId: string,
  id: string,
): Promise<{ readonly wire: string; readonly wireVersion: number } | undefined> {
  const { rows } = await db.query<{ wire: string; wire_version: number }>(
    'select wire, wire_version from packs where zone_id = $1 and id = $2',
    [zoneId, id],
  );
  return rows[0] && { wire: rows[0].wire, wireVersion: rows[0].wire_version };
}
