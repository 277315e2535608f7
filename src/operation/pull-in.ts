import { after, type Seconds } from '../kit/time.ts';
import { LONGEST_WISH } from '../pack/granted-wish.ts';
import { isKept, LIFECYCLE } from '../pack/lifecycle.ts';
import { PACK_STATUSES } from '../pack/pack.ts';
import { LEASE } from '../store/claims.ts';
import { pullInPacks, pullInRevocations } from '../store/pull-in.ts';
import { type Pool, transaction } from '../store/store.ts';

/** Clocks that differ by less are taken for right. */
export const MOST_SKEW: Seconds = 5;

const WORKED_ON = PACK_STATUSES.filter((status) => LIFECYCLE[status].job !== undefined);
const ON_THE_WAY = WORKED_ON.filter((status) => !isKept(status));

/**
 * Makes due what waits by a clock that was ahead: leases that end later than any lease does, what was written later than now
 * and is under way, and revocations. How many packs. Those of `inHand` are left alone. It is when work is due that changes,
 * and nothing that anybody sees of a pack: there is nothing to record.
 */
export function pullIn(pool: Pool, now: Date, inHand: readonly string[]): Promise<number> {
  const later = after(now, MOST_SKEW);
  const packs = { leaseEnd: after(later, LEASE), workedOn: WORKED_ON, onTheWay: ON_THE_WAY, inHand };
  return transaction(pool, async (tx) => {
    const count = await pullInPacks(tx, { now, later, ...packs });
    // No revocation is put off for longer than a CA may wish.
    await pullInRevocations(tx, { now, later, latest: after(later, LONGEST_WISH) });
    return count;
  });
}
