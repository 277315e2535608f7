/** Sums over the whole installation, for whoever watches it. */
import { between, type Seconds } from '../kit/time.ts';
import { PACK_STATUSES, type PackStatus } from '../pack/pack.ts';
import { LANES } from './accounts.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** How many packs there are of each status, from the counts that zones keep: no pack is looked at. */
export async function countByStatus(db: Db): Promise<[PackStatus, number][]> {
  const slots = PACK_STATUSES.map(
    (_, i) => `coalesce(sum(counts[${2 * i + 1}] + counts[${2 * i + 2}]), 0)::int`,
  );
  const { rows } = await db.query<{ counts: number[] }>(
    `select array[${slots.join(', ')}] as counts from zones`,
  );
  return PACK_STATUSES.map((status, i) => [status, rows[0]?.counts[i] ?? 0]);
}

/** About how many bytes the rows of all tables take. */
export async function sizeOfTables(db: Db): Promise<number> {
  const { rows } = await db.query<{ bytes: number }>(
    `select coalesce(sum(pg_table_size(oid)), 0)::float8 as bytes from pg_class
      where relnamespace = current_schema()::regnamespace and relkind = 'r'`,
  );
  return rows[0]?.bytes ?? 0;
}

/** Most packs that are counted as due: beyond that it is told that there are many, and is as cheap. */
const MOST_DUE = 10_000;

/** How many packs are due, `MOST_DUE` at most, and how long the one that waits longest. */
export async function countDue(
  db: Db,
  now: Date,
): Promise<{ readonly count: number; readonly age: Seconds }> {
  const { rows } = await execute<{ n: number; oldest: Date | null }>(db, DUE, { now });
  const { n = 0, oldest = null } = rows[0] ?? {};
  return { count: n, age: oldest ? between(oldest, now) : 0 };
}

const DUE = statement(`
  select (select count(*)::int from (
            select from packs where lane = any(array(select generate_series(0, ${LANES - 1}))) and due_at <= :now
             limit ${MOST_DUE}) as counted) as n,
         (select min(first.due_at) from generate_series(0, ${LANES - 1}) as of (lane)
           cross join lateral (
             select due_at from packs where packs.lane = of.lane and due_at <= :now order by due_at limit 1) as first) as oldest`);
