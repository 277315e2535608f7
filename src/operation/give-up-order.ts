import { after } from '../kit/time.ts';
import { LONGEST_BOUND, nextReorder } from '../pack/reorder-bound.ts';
import { deleteOrders } from '../store/orders.ts';
import { insertReorder, listReorders, type Reorder } from '../store/reorders.ts';
import { transaction } from '../store/store.ts';
import { lockHeld } from './lock-held.ts';
import type { OperationDeps } from './operation.ts';
import type { Work } from './work.ts';

/**
 * Gives up an order of which a certificate came, or may have come, that is of no use: the next step makes another. Undefined
 * where that is done; else when it may be, and the order stays. Throws `pack_moved`.
 */
export function giveUpOrder(
  { pool, clock }: OperationDeps,
  { pack }: Work,
  reorder: Reorder,
): Promise<Date | undefined> {
  const now = clock.now();
  const since = after(now, -LONGEST_BOUND);
  return transaction(pool, async (tx) => {
    await lockHeld(tx, pack);
    const until = nextReorder(await listReorders(tx, pack, since), now);
    if (until) return until;
    await insertReorder(tx, pack, reorder, { now, since });
    await deleteOrders(tx, pack, reorder.algorithm);
    return undefined;
  });
}
