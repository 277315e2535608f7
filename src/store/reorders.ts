import type { Algorithm, PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { execute, type Tx } from './store.ts';
import { OF_PACK, packKey } from './zone-key.ts';

/** An order that was given up after it was finalized. */
export interface Reorder {
  readonly algorithm: Algorithm;
  /** Why, in words. */
  readonly why: string;
}

/** When orders of a pack were given up since an instant, the earliest first. In a transaction that holds the pack. */
export async function listReorders(tx: Tx, pack: PackKey, since: Date): Promise<Date[]> {
  const { rows } = await execute<{ ordered_on: Date }>(tx, LIST, { ...packKey(pack), since });
  return rows.map(({ ordered_on }) => ordered_on);
}

const LIST = statement(
  `select ordered_on from reorders where ${OF_PACK} and ordered_on > :since order by ordered_on`,
);

/** Takes note of one; those from before `since` are forgotten. */
export async function insertReorder(
  tx: Tx,
  pack: PackKey,
  { algorithm, why }: Reorder,
  { now, since }: { readonly now: Date; readonly since: Date },
): Promise<void> {
  await execute(tx, DELETE, { ...packKey(pack), since });
  await execute(tx, INSERT, { ...packKey(pack), algorithm, why, now });
}

const DELETE = statement(`delete from reorders where ${OF_PACK} and ordered_on <= :since`);
const INSERT = statement(`
  insert into reorders (cell, zone_id, pack_id, algorithm, ordered_on, why)
  values (:cell, :zone, :pack, :algorithm, :now, :why)
  on conflict do nothing`);
