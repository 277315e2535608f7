import { between } from '../kit/time.ts';
import { TOMBSTONE } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import { deletePack } from '../store/pack-writes.ts';
import { type Tx, transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { packMoved, postpone } from './advance.ts';
import type { OperationDeps } from './operation.ts';
import type { Work } from './work.ts';

/**
 * Removes a deleted pack, with its certificates and sealed keys, when its tombstone has stood long enough; until then it
 * waits. Throws `pack_moved` where the worker lost the pack.
 */
export async function purgePack(deps: OperationDeps, work: Work): Promise<void> {
  const { pack } = work;
  const left = TOMBSTONE - between(pack.statusSince, deps.clock.now());
  await transaction(deps.pool, async (tx) => {
    if (left > 0) await postpone(tx, deps, work, { seconds: left, attempts: 0 });
    else await remove(tx, pack);
  });
}

async function remove(tx: Tx, pack: Pack): Promise<void> {
  await touchZone(tx, pack.zone.id);
  if (!(await deletePack(tx, pack))) throw packMoved(pack);
}
