import type { Pack } from '../pack/pack.ts';
import { letGo } from '../store/deployments.ts';
import { type Pool, transaction } from '../store/store.ts';
import { lockHeld } from './lock-held.ts';

/** Notes that an edge let go of a pack. Throws `pack_moved`. */
export function releaseEdge({ pool }: { readonly pool: Pool }, pack: Pack, edge: string): Promise<void> {
  return transaction(pool, async (tx) => {
    await lockHeld(tx, pack);
    await letGo(tx, pack, edge);
  });
}
