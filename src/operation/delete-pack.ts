import type { Pack } from '../pack/pack.ts';
import { deleteHeld } from './delete-held.ts';
import { type Wish, withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';

/**
 * Has a pack taken off the edges and removed, its backup with it; one that is leaving already stays so. Throws `pack_not_found`, or
 * `transition_refused` for a backup that serves.
 */
export function deletePack(deps: OperationDeps, { by, ...which }: Wish): Promise<Pack> {
  return withLockedPack(deps.pool, which, (tx, pack) => deleteHeld(tx, deps, pack, { by }));
}
