/** SQL that keeps the counts of packs, in `zones` and `pack_buckets`. See src/pack/list-index.ts for their slots. */
import { type Counted, countChange, selectionOf } from '../../pack/list-index.ts';
import { IN_ZONE, zoneKey } from '../zone-key.ts';

/** A row of level 0 counts 64 ordinals, one of level 1 counts 64 of these rows. */
export const BUCKET_BITS = [6, 12] as const;

/** Where a pack is counted: its zone and its ordinal in it. */
interface Place {
  readonly zoneId: string;
  readonly ord: number;
}

/** Values for the parts below: by how much the counts change when a pack becomes another. */
export const countValues = ({ zoneId, ord }: Place, from: Counted | undefined, to: Counted | undefined) => ({
  ...zoneKey(zoneId),
  bucket0: bucketOf(ord, 0),
  bucket1: bucketOf(ord, 1),
  change: countChange(from, to),
});

/** The bucket of an ordinal. */
const bucketOf = (ord: number, level: 0 | 1): number => Math.floor(ord / 2 ** BUCKET_BITS[level]);

/**
 * All counts at once: of assignments to elements of an array, one by one, a distributed PostgreSQL was seen to keep the last
 * alone (citusdata/citus#5621).
 */
const changed = (table: string, type: 'integer' | 'smallint'): string =>
  `counts = array(select old + more from unnest(${table}.counts, :change::${type}[]) as each (old, more))`;

const BUCKET_CHANGED = changed('pack_buckets', 'smallint');
const place = (level: number): string => `${IN_ZONE} and level = ${level} and bucket = :bucket${level}`;

const onBothLevels = (part: (level: number) => string): string =>
  BUCKET_BITS.map((_, i) => part(i)).join(', ');

/** Assignments in the row of a zone: its counts are changed. */
export const COUNTS_CHANGED = changed('zones', 'integer');

/**
 * CTEs: both buckets of a pack that is in them already, if the CTE `moved` has a row. They come after it: else a statement
 * that finds nothing to move would take the buckets' rows before the zone's.
 */
export const BUCKETS_COUNTED = onBothLevels(
  (level) => `bucket${level} as (update pack_buckets set ${BUCKET_CHANGED} from moved where ${place(level)})`,
);

/** CTEs: both buckets with a pack more, after the CTE `zone`. A bucket that is new begins with it alone. */
export const BUCKETS_GROWN = onBothLevels(
  (level) => `bucket${level} as (
    insert into pack_buckets (cell, zone_id, level, bucket, counts)
    select :cell, :zone, ${level}, :bucket${level}, :change::smallint[] from zone
    on conflict (cell, zone_id, level, bucket) do update set ${BUCKET_CHANGED})`,
);

const [a, b] = selectionOf({ status: 'all', environment: undefined }).slots;
const SUM = `counts[${a}] + counts[${b}]`;

/**
 * CTEs: both buckets with a pack less, if `moved` has a row; they go with their last one. Only in a transaction that locked the zone by an
 * earlier statement: what is compared here was read when this one began.
 */
export const BUCKETS_SHRUNK = onBothLevels(
  (level) => `bucket${level} as (
    update pack_buckets set ${BUCKET_CHANGED} from moved where ${place(level)} and ${SUM} > 1),
  emptied${level} as (delete from pack_buckets using moved where ${place(level)} and ${SUM} = 1)`,
);
