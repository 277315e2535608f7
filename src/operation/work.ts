import type { CaOrder } from '../ca/ca.ts';
import type { Algorithm, Pack, Run } from '../pack/pack.ts';
import { lifeOf, runOf } from '../pack/run.ts';
import type { StoredOrder } from '../store/orders.ts';

/** An order as the CA last showed it, beside what we made for it. */
export type StoredAcmeOrder = StoredOrder<CaOrder>;

/** What a stage works on. Each step gives another one: the pack as it was written, the run that is next, the orders. */
export interface Work {
  /** As it is in its row. */
  readonly pack: Pack;
  readonly run: Run;
  /** The run's orders at its CA as last stored, ECDSA first; undefined: not read yet. */
  readonly orders: readonly StoredAcmeOrder[] | undefined;
}

/** What is next for a pack. */
export const workOn = (pack: Pack, now: Date, orders?: Work['orders']): Work => ({
  pack,
  run: runOf(pack, now),
  orders,
});

/** The same for what the pack itself goes through, whatever else is under way. */
export const lifeWork = (pack: Pack): Work => ({ pack, run: lifeOf(pack), orders: undefined });

/** The orders with one of them as it now is, ECDSA first. */
export const withOrder = (
  orders: readonly StoredAcmeOrder[],
  stored: StoredAcmeOrder,
): readonly StoredAcmeOrder[] =>
  [...withoutOrder(orders, stored.algorithm), stored].toSorted((a, b) =>
    a.algorithm < b.algorithm ? -1 : 1,
  );

/** The orders but for that of an algorithm. */
export const withoutOrder = (
  orders: readonly StoredAcmeOrder[],
  algorithm: Algorithm,
): readonly StoredAcmeOrder[] => orders.filter((one) => one.algorithm !== algorithm);
