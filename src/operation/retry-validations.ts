import { Fault } from '../kit/fault.ts';
import type { Actor } from '../store/audit.ts';
import { listWaiting } from '../store/verifications.ts';
import { withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';
import { LEAST_BETWEEN, retryNow } from './retry-now.ts';

/** Most packs that one wish makes due. */
export const MOST_RETRIED = 100;

/**
 * Has the packs of a zone that wait for validation looked at at once, those first that were not for the longest time, at most
 * 100, each in a transaction of its own. Their ids.
 */
export async function retryValidations(
  deps: OperationDeps,
  { zoneId, by }: { readonly zoneId: string; readonly by: Actor },
): Promise<string[]> {
  const ids = await listWaiting(deps.pool, zoneId, {
    now: deps.clock.now(),
    least: LEAST_BETWEEN,
    limit: MOST_RETRIED,
  });
  for (const id of ids) {
    try {
      await withLockedPack(deps.pool, { zoneId, id }, async (tx, pack) =>
        pack.status === 'pending_validation' ? retryNow(tx, deps, pack, by) : pack,
      );
    } catch (error) {
      if (!(error instanceof Fault) || error.fault !== 'pack_not_found') throw error;
    }
  }
  return ids;
}
