import { putOrderHeld } from '../store/orders.ts';
import type { Pool } from '../store/store.ts';
import { packMoved } from './advance.ts';
import { type StoredAcmeOrder, type Work, withOrder } from './work.ts';

/** Notes an order of which the pack shows nothing new, before the CA is asked again. Throws `pack_moved`. */
export async function noteOrder(
  { pool }: { readonly pool: Pool },
  work: Work,
  stored: StoredAcmeOrder,
): Promise<Work> {
  if (!(await putOrderHeld(pool, work.pack, stored))) throw packMoved(work.pack);
  return { ...work, orders: work.orders && withOrder(work.orders, stored) };
}
