import { transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { deleteHeld } from './delete-held.ts';
import { endReplaced } from './end-replaced.ts';
import type { Wish } from './locked-pack.ts';
import { lockUpload } from './locked-upload.ts';
import type { OperationDeps } from './operation.ts';

/**
 * Has a custom certificate taken off the edges and removed, with those in whose place it came; one that is leaving already stays
 * so. Throws `certificate_not_found`.
 */
export function deleteUpload(deps: OperationDeps, { zoneId, id, by }: Wish): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zoneId);
    const pack = await lockUpload(tx, zoneId, id);
    await endReplaced(tx, deps, pack, { by });
    await deleteHeld(tx, deps, pack, { by });
  });
}
