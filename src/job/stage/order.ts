import { advance } from '../../operation/advance.ts';
import { putOrder } from '../../store/orders.ts';
import { batch, together } from '../../store/store.ts';
import type { Job } from '../job.ts';
import { knowOrders, placeOrder, publishRecords, recordsOf } from '../step/acme-orders.ts';

/** Orders the ECDSA certificate; the pack then waits for validation with its records known. */
export const order: Job = async (deps, pack, signal) => {
  const placed = await placeOrder(deps, pack, 'ecdsa', signal);
  const change = { validationRecords: recordsOf(placed.order), validationErrors: [] };
  const moved = await batch(deps.pool, (tx) =>
    together(
      advance(tx, deps, pack, { event: 'done', ...change }),
      putOrder(tx, pack.id, placed),
      publishRecords(tx, deps, { ...pack, ...change }),
    ),
  );
  knowOrders(moved, [placed]);
  return moved;
};
