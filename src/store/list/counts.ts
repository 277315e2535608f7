/** SQL that keeps the counts of packs, in `zones` and `pack_buckets`. See src/pack/list-index.ts for their slots. */
import {
  type Counted,
  countChanges,
  MOST_CHANGES,
  SLOTS,
  selectionOf,
  toPairs,
} from '../../pack/list-index.ts';

/** A row of level 0 counts 64 ordinals, one of level 1 counts 64 of these rows. */
export const BUCKET_BITS = [6, 12] as const;

/** Where a pack is counted: its zone and its ordinal in it. */
interface Place {
  readonly zoneId: string;
  readonly ord: number;
}

/** Values for the parts below: by how much the counts change when a pack becomes another. */
export const countValues = ({ zoneId, ord }: Place, from: Counted | undefined, to: Counted | undefined) => ({
  zone: zoneId,
  bucket0: bucketOf(ord, 0),
  bucket1: bucketOf(ord, 1),
  pairs: toPairs(countChanges(from, to)),
});

/** The bucket of an ordinal. */
const bucketOf = (ord: number, level: 0 | 1): number => Math.floor(ord / 2 ** BUCKET_BITS[level]);

/** Counts of a bucket that holds this pack alone. */
export function countsOf(pack: Counted): number[] {
  const change = countChanges(undefined, pack);
  return Array.from({ length: SLOTS }, (_, i) => change.get(i + 1) ?? 0);
}

const changed = (table: string): string =>
  Array.from({ length: MOST_CHANGES }, (_, i) => {
    const [slot, n] = [`(:pairs::int[])[${2 * i + 1}]`, `(:pairs::int[])[${2 * i + 2}]`];
    return `counts[${slot}] = ${table}.counts[${slot}] + ${n}`;
  }).join(', ');

const place = (level: number): string => `zone_id = :zone and level = ${level} and bucket = :bucket${level}`;

const onBothLevels = (part: (level: number) => string): string =>
  BUCKET_BITS.map((_, i) => part(i)).join(', ');

/** CTE `zone`: its row, locked before any other; its version is raised and its counts are changed. */
export const ZONE_COUNTED = `zone as (
  update zones set version = version + 1, ${changed('zones')} where id = :zone returning id)`;

/**
 * CTEs: both buckets of a pack that is in them already, if the CTE `moved` has a row. They come after it: else a statement
 * that finds nothing to move would take the buckets' rows before the zone's.
 */
export const BUCKETS_COUNTED = onBothLevels(
  (level) =>
    `bucket${level} as (update pack_buckets set ${changed('pack_buckets')} from moved where ${place(level)})`,
);

/** CTEs: both buckets with a pack more, after the CTE `zone`. A bucket that is new begins with the counts in `:fresh`. */
export const BUCKETS_GROWN = onBothLevels(
  (level) => `bucket${level} as (
    insert into pack_buckets (zone_id, level, bucket, counts)
    select id, ${level}, :bucket${level}, :fresh::smallint[] from zone
    on conflict (zone_id, level, bucket) do update set ${changed('pack_buckets')})`,
);

const [a, b] = selectionOf({ status: 'all', environment: undefined }).slots;
const SUM = `counts[${a}] + counts[${b}]`;

/**
 * CTEs: both buckets with a pack less, if `moved` has a row; they go with their last one. Only in a transaction that locked the zone by an
 * earlier statement: what is compared here was read when this one began.
 */
export const BUCKETS_SHRUNK = onBothLevels(
  (level) => `bucket${level} as (
    update pack_buckets set ${changed('pack_buckets')} from moved where ${place(level)} and ${SUM} > 1),
  emptied${level} as (delete from pack_buckets using moved where ${place(level)} and ${SUM} = 1)`,
);
