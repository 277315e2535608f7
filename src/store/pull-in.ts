import { after, type Seconds } from '../kit/time.ts';
import { isKept, LIFECYCLE } from '../pack/lifecycle.ts';
import { PACK_STATUSES } from '../pack/pack.ts';
import { LANES } from './accounts.ts';
import { LEASE } from './claims.ts';
import { statement } from './statement.ts';
import { execute, type Pool } from './store.ts';

/** Clocks that differ by less are taken for right. */
export const MOST_SKEW: Seconds = 5;

const WORKED_ON = PACK_STATUSES.filter((status) => LIFECYCLE[status].job !== undefined);
const ON_THE_WAY = WORKED_ON.filter((status) => !isKept(status));

/**
 * Makes due what waits by a clock that was ahead: leases that end later than any lease does, what was written later than now
 * and is under way, and revocations. How many packs. Those of `inHand` are left alone.
 */
export async function pullIn(pool: Pool, now: Date, inHand: readonly string[]): Promise<number> {
  const { rowCount } = await execute(pool, PULL_PACKS, {
    now,
    later: after(now, MOST_SKEW),
    lease_end: after(now, LEASE + MOST_SKEW),
    in_hand: inHand,
    on_the_way: ON_THE_WAY,
    worked_on: WORKED_ON,
  });
  await execute(pool, PULL_REVOCATIONS, { now, latest: after(now, LONGEST_REVOCATION + MOST_SKEW) });
  return rowCount ?? 0;
}

/** No revocation is put off for longer (`retryDelay`). */
const LONGEST_REVOCATION: Seconds = 600;

const PULL_PACKS = statement(`
  update packs set due_at = :now, worker = null
   where lane = any(array(select generate_series(0, ${LANES - 1}))) and due_at > :now
     and not (id = any(:in_hand::uuid[])) and status = any(:worked_on)
     and (worker is not null and due_at > :lease_end
       or modified_on > :later and (status = any(:on_the_way) or renewal -> 'course' is not null))`);

const PULL_REVOCATIONS = statement(
  'update revocations set due_on = :now where revoked_on is null and due_on > :latest',
);
