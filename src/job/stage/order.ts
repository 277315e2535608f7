import { advance } from '../../operation/advance.ts';
import { putOrder } from '../../store/orders.ts';
import { allSent, pipelined } from '../../store/store.ts';
import type { Job } from '../job.ts';
import { knowOrders, placeOrder, publishPending, recordsOf } from '../step/acme-orders.ts';

/** Orders the ECDSA certificate; the pack then waits for validation with its records known. */
export const order: Job = async (deps, pack, signal) => {
  const placed = await placeOrder(deps, pack, 'ecdsa', signal);
  const change = { validationRecords: recordsOf(placed.order), validationErrors: [] };
  const moved = await pipelined(deps.pool, (tx) =>
    allSent(
      advance(tx, deps, pack, { event: 'done', ...change }),
      putOrder(tx, pack.id, placed),
      publishPending(tx, deps, { ...pack, ...change }),
    ),
  );
  knowOrders(moved, [placed]);
  return moved;
};
