/** Sums over the whole installation, for whoever watches it. */
import { between, type Seconds } from '../kit/time.ts';
import { FACETS_END } from '../pack/account-slots.ts';
import { kindOf } from '../pack/list-index.ts';
import { PACK_STATUSES, type PackStatus } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import { LANES } from './accounts.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** How many packs there are of each status: those that the service renews, and those whose renewal is their owner's. */
export interface StatusCounts {
  readonly ours: Readonly<Partial<Record<PackStatus, number>>>;
  readonly owners: Readonly<Partial<Record<PackStatus, number>>>;
}

/** Packs by status and by who renews them, from the counts that accounts keep: no pack is looked at. */
export async function countByStatus(db: Db): Promise<StatusCounts> {
  const { rows } = await execute<{ slot: number; n: number }>(db, BY_FACET, {});
  const counts = { us: new Map<PackStatus, number>(), owner: new Map<PackStatus, number>() };
  for (const { slot, n } of rows) {
    const { status, type } = kindOf(slot);
    const of = counts[TYPES[type].renewedBy];
    of.set(status, (of.get(status) ?? 0) + n);
  }
  return { ours: withAll(counts.us), owners: withAll(counts.owner) };
}

const withAll = (counts: ReadonlyMap<PackStatus, number>) =>
  Object.fromEntries(PACK_STATUSES.map((status) => [status, counts.get(status) ?? 0]));

const BY_FACET = statement(
  `select slot, sum(n)::int as n from account_counts where slot < ${FACETS_END} group by slot`,
);

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
