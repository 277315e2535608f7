/** The statements by which `list.ts` comes to a page. All but `indexBuckets` give the page's packs by ordinal. */
import { selectionOf } from '../../pack/list-index.ts';
import type { Texts } from '../protocol/reader.ts';
import { type Statement, statement } from '../statement.ts';
import { cellOf, IN_ZONE } from '../zone-key.ts';
import { BUCKET_BITS } from './counts.ts';
import type { PageAsk } from './page-ask.ts';
import type { PageIndex, Place } from './page-index.ts';

/** A statement with its values. */
export interface Way {
  readonly statement: Statement;
  readonly values: Texts;
}

const [NEAR_BITS, FAR_BITS] = BUCKET_BITS;
const NEAR = 2 ** NEAR_BITS;
const SPAN = 2 ** (FAR_BITS - NEAR_BITS);

/** Condition on the zone's own row. */
const ZONE_ROW = 'cell = :cell and id = :zone';

/** Values for it and for `IN_ZONE`. */
const zoneTexts = (zoneId: string) => ({ cell: String(cellOf(zoneId)), zone: zoneId });

const ZONE = `
  zone as materialized (
    select version, counts[:a::int] + counts[:b::int] as total from zones where ${ZONE_ROW})`;

/** Rows of `level` where `within` holds, each with how many matches it has and how many are before it. */
const counted = (level: number, within: string): string => `
  select bucket, n, sum(n) over (order by bucket) - n as before
    from (select bucket, counts[:a::int] + counts[:b::int] as n from pack_buckets
           where ${IN_ZONE} and level = ${level} and ${within}) as level${level}`;

/** Where the page begins, by the buckets: from which ordinal on, and how many matches to leave out. */
const WALKED = `
  far as materialized (
    select bucket, :offset - before as left_out from (${counted(1, 'true')}) as far
     where before <= :offset and before + n > :offset),
  found as materialized (
    select near.bucket * ${NEAR}::bigint as from_ord, (far.left_out - near.before)::bigint as left_out
      from far cross join lateral (
        ${counted(0, `bucket >= far.bucket * ${SPAN} and bucket < far.bucket * ${SPAN} + ${SPAN}`)}) as near
     where near.before <= far.left_out and near.before + near.n > far.left_out)`;

/** The same for a page so near that nothing is gained by knowing more. */
const BEGINNING = 'found as materialized (select 0::bigint as from_ord, :offset::bigint as left_out)';

const COLUMNS = 'packs.ord, packs.wire_version, packs.wire';

/** Every pack from there on. */
const every = (found: string): Statement =>
  statement(`
    with ${ZONE}, ${found}
    select zone.version, zone.total, page.*
      from zone left join lateral (
        select ${COLUMNS} from packs
         where ${IN_ZONE} and ord >= (select from_ord from found)
         order by ord offset (select left_out from found) limit :limit::bigint) as page on true`);

/**
 * Packs of some classes from there on: the ordinals of each class, as many as the page could need, then the first of all
 * these. The limit of one keeps the planner from a join that would mix them up.
 */
const byClass = (found: string): Statement =>
  statement(`
    with ${ZONE}, ${found},
    ords as materialized (
      select one.ord
        from unnest(:classes::smallint[]) as class cross join lateral (
          select ord from packs
           where ${IN_ZONE} and packs.class = class.class and ord >= (select from_ord from found)
           order by ord limit (select left_out from found) + :limit::bigint) as one
       order by ord offset (select left_out from found) limit :limit::bigint)
    select zone.version, zone.total, page.*
      from zone left join lateral (
        select ${COLUMNS}
          from ords cross join lateral (
            select ${COLUMNS} from packs where ${IN_ZONE} and packs.ord = ords.ord limit 1) as packs) as page on true`);

const [NEAR_EVERY, NEAR_BY_CLASS] = [every(BEGINNING), byClass(BEGINNING)];
const [WALK_EVERY, WALK_BY_CLASS] = [every(WALKED), byClass(WALKED)];

/** Most matches before a page that is near. */
const MOST_NEAR = 64;

/** Whether a page is so near the beginning of the list that counting the packs before it is no work. */
export const isNear = ({ page, perPage }: PageAsk): boolean => (page - 1) * perPage <= MOST_NEAR;

/** To a page near the beginning. Rows: version, total, ord, wire_version, wire; one at least, unless the zone is gone. */
export const near = (ask: PageAsk): Way => asked(ask, NEAR_EVERY, NEAR_BY_CLASS);

/** To any page, down the buckets in the database. Rows as of `near`. */
export const walk = (ask: PageAsk): Way => asked(ask, WALK_EVERY, WALK_BY_CLASS);

function asked(ask: PageAsk, all: Statement, some: Statement): Way {
  const { slots, classes } = selectionOf(ask);
  const values = {
    ...zoneTexts(ask.zoneId),
    a: String(slots[0]),
    b: String(slots[1]),
    offset: String((ask.page - 1) * ask.perPage),
    limit: String(ask.perPage),
    ...(classes && { classes: toArray(classes) }),
  };
  return { statement: classes ? some : all, values };
}

const toArray = (numbers: readonly number[]): string => `{${numbers.join(',')}}`;

/** Nothing, where the zone has another version by now. Asked once, before any row is looked for. */
const STILL = `(select version from zones where ${ZONE_ROW}) = :version::bigint`;

const STEP_EVERY = statement(`
  select ${COLUMNS} from packs
   where ${IN_ZONE} and ord >= :from::bigint and ord < :to::bigint and ${STILL}
   order by ord offset :left_out::bigint limit :limit::bigint`);

/** Packs of a few classes: none is looked at in vain. */
const STEP_MERGED = [1, 2, 3, 4].map((n) => {
  const classes = Array.from(
    { length: n },
    (_, i) => `
      select ${COLUMNS} from packs
       where ${IN_ZONE} and class = :class${i}::smallint and ord >= :from::bigint and ord < :to::bigint`,
  );
  return statement(`
    select * from (${classes.join(' union all ')}) as packs where ${STILL}
     order by ord offset :left_out::bigint limit :limit::bigint`);
});

/** Of the ordinals between, those of many classes. */
const STEP_SOME = statement(`
  select ${COLUMNS}
    from (select ${COLUMNS}, packs.class from packs
           where ${IN_ZONE} and ord >= :from::bigint and ord < :to::bigint and ${STILL}
           order by ord offset 0) as packs
   where packs.class = any(:classes::smallint[])
   order by ord offset :left_out::bigint limit :limit::bigint`);

/** Up to so many ordinals for each pack of a page it is less work to pass over those that do not match than to sort. */
const DENSE = 4;

/** To a page whose place is known. Rows: ord, wire_version, wire; none where the zone has another version by now. */
export function step(ask: PageAsk, { version, classes }: PageIndex, { from, leftOut, to }: Place): Way {
  const values = {
    ...zoneTexts(ask.zoneId),
    version: String(version),
    from: String(from),
    to: String(to),
    left_out: String(leftOut),
    limit: String(ask.perPage),
  };
  if (!classes) return { statement: STEP_EVERY, values };
  const isDense = to - from <= DENSE * (leftOut + ask.perPage);
  const merged = isDense && classes.length > 1 ? undefined : STEP_MERGED[classes.length - 1];
  if (!merged) return { statement: STEP_SOME, values: { ...values, classes: toArray(classes) } };
  const each = classes.map((one, i) => [`class${i}`, String(one)]);
  return { statement: merged, values: { ...values, ...Object.fromEntries(each) } };
}

const INDEX = statement(`
  with zone as materialized (
    select version, counts[:a::int] + counts[:b::int] as total,
           array(select class from unnest(:classes::int[]) as class where counts[class + 1] > 0) as classes
      from zones where ${ZONE_ROW})
  select zone.version, zone.total, array_to_string(zone.classes, ','), level0.bucket, level0.n
    from zone left join lateral (
      select bucket, counts[:a::int] + counts[:b::int] as n from pack_buckets
       where ${IN_ZONE} and level = 0 and counts[:a::int] + counts[:b::int] > 0
       order by bucket) as level0 on true`);

/**
 * The buckets of level 0 that have matches. Rows: version, total, classes of the filter that have packs, bucket, count; one
 * at least, unless the zone is gone.
 */
export function indexBuckets(ask: PageAsk): Way {
  const { slots, classes } = selectionOf(ask);
  const [a, b] = slots.map(String);
  const values = {
    ...zoneTexts(ask.zoneId),
    a: a ?? null,
    b: b ?? null,
    classes: classes ? toArray(classes) : null,
  };
  return { statement: INDEX, values };
}
