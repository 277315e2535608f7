import { isLeaving } from '../pack/lifecycle.ts';
import { PACK_STATUSES } from '../pack/pack.ts';
import { listStranded } from '../store/packs.ts';
import { autocommit } from '../store/store.ts';
import { override } from './advance.ts';
import type { OperationDeps } from './operation.ts';

/** Packs that are begun with at a time. */
const MOST = 200;

/**
 * Has packs of deleted zones taken away, each in a transaction of its own; how many. What failed with one is told to
 * `onError`, and it is met again.
 */
export async function deleteStranded(
  deps: OperationDeps,
  onError: (error: unknown) => void,
): Promise<number> {
  const stranded = await listStranded(deps.pool, PACK_STATUSES.filter(isLeaving), MOST);
  for (const pack of stranded)
    await autocommit(deps.pool, pack.zone.id, (db) => override(db, deps, pack, { event: 'delete' })).catch(
      onError,
    );
  return stranded.length;
}
