import type { Pack } from '../pack/pack.ts';
import { isHeld } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { packMoved } from './advance.ts';

/** Locks a pack and its zone for a step beside its row. Throws `pack_moved` where the worker lost the pack. */
export async function lockHeld(tx: Tx, pack: Pack): Promise<void> {
  await touchZone(tx, pack.zone.id);
  if (!(await isHeld(tx, pack))) throw packMoved(pack);
}
