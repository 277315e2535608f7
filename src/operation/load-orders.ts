import type { CaOrder } from '../ca/ca.ts';
import { listOrders } from '../store/orders.ts';
import type { Pool } from '../store/store.ts';
import type { Work } from './work.ts';

/** Work whose orders are known. */
export type OrderedWork = Work & { readonly orders: NonNullable<Work['orders']> };

/** The same work with its orders, read where they are not known: while a worker has the pack nobody else changes them. */
export async function loadOrders({ pool }: { readonly pool: Pool }, work: Work): Promise<OrderedWork> {
  const { orders = await listOrders(pool, work.pack, toOrder) } = work;
  return { ...work, orders };
}

const toOrder = (json: string): CaOrder => JSON.parse(json, reviveInstants);

/** Members of an order that are instants. */
const INSTANTS: readonly string[] = ['expiresAt', 'busySince', 'askAgainAt', 'since'];

const reviveInstants = (key: string, value: unknown): unknown =>
  INSTANTS.includes(key) && typeof value === 'string' ? new Date(value) : value;
