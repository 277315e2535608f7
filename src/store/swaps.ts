/** When a pack and its backup changed places last, noted beside the backup. */
import type { PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { execute, type Tx } from './store.ts';
import { IN_ZONE, packKey } from './zone-key.ts';

/** A call by which the two changed places. */
export interface Swap {
  /** On which of the two it was. */
  readonly packId: string;
  readonly on: Date;
}

const THIS = `${IN_ZONE} and id = :pack`;

/** The last one of a backup, in a transaction that holds it; undefined: they never did. */
export async function lastSwap(tx: Tx, backup: PackKey): Promise<Swap | undefined> {
  const { rows } = await execute<{ swapped_by: string | null; swapped_on: Date }>(tx, LAST, packKey(backup));
  const { swapped_by: packId, swapped_on: on } = rows[0] ?? {};
  return packId && on ? { packId, on } : undefined;
}

const LAST = statement(`select swapped_by, swapped_on from packs where ${THIS}`);

/** Notes one. */
export async function noteSwap(tx: Tx, backup: PackKey, { packId, on }: Swap): Promise<void> {
  await execute(tx, NOTE, { ...packKey(backup), by: packId, on });
}

const NOTE = statement(`update packs set swapped_by = :by, swapped_on = :on where ${THIS}`);
