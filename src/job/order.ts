import { putOrder } from '../store/orders.ts';
import { transaction } from '../store/store.ts';
import { advance } from './advance.ts';
import type { Job } from './job.ts';
import { placeOrder, publishRecords, recordsOf } from './ordering.ts';

/** Orders the ECDSA certificate; the pack then waits for validation with its records known. */
export const order: Job = async (deps, pack, signal) => {
  const placed = await placeOrder(deps, pack, 'ecdsa', signal);
  return transaction(deps.pool, async (tx) => {
    const validationRecords = recordsOf(placed.order);
    const moved = await advance(tx, deps, pack, { event: 'done', validationRecords, validationErrors: [] });
    await putOrder(tx, pack.id, placed);
    await publishRecords(tx, deps, moved);
    return moved;
  });
};
