/** Sums over the whole installation, for whoever watches it. */
import { between, type Seconds } from '../kit/time.ts';
import { PACK_STATUSES, type PackStatus } from '../pack/pack.ts';
import { LANES } from './accounts.ts';
import type { Db } from './store.ts';

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

/** How many packs are due, and how long the one that waits longest. */
export async function countDue(
  db: Db,
  now: Date,
): Promise<{ readonly count: number; readonly age: Seconds }> {
  const { rows } = await db.query<{ n: number; oldest: Date | null }>(
    `select count(*)::int as n, min(due_at) as oldest from packs
      where lane = any(array(select generate_series(0, ${LANES - 1}))) and due_at <= $1`,
    [now],
  );
  const { n = 0, oldest = null } = rows[0] ?? {};
  return { count: n, age: oldest ? between(oldest, now) : 0 };
}
