import { isLeaving } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import { override } from './advance.ts';
import { type Wish, withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';
import { releaseNames } from './release-names.ts';

/** Has a pack taken off the edges and removed; one that is leaving already stays so. Throws `pack_not_found`. */
export function deletePack(deps: OperationDeps, { by, ...which }: Wish): Promise<Pack> {
  return withLockedPack(deps.pool, which, async (tx, pack) => {
    if (isLeaving(pack.status)) return pack;
    await releaseNames(tx, pack, deps.clock.now());
    return override(tx, deps, pack, { event: 'delete', by });
  });
}
