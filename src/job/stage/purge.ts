import { between } from '../../kit/time.ts';
import { postpone, remove } from '../../operation/advance.ts';
import { TOMBSTONE } from '../../pack/lifecycle.ts';
import { transaction } from '../../store/store.ts';
import type { Job } from '../job.ts';

/** Removes a deleted pack, with its certificates and sealed keys, when its tombstone has stood long enough. */
export const purge: Job = async (deps, pack) => {
  const left = TOMBSTONE - between(pack.statusSince, deps.clock.now());
  await transaction(deps.pool, async (tx) => {
    if (left > 0) await postpone(tx, deps, pack, { seconds: left, attempts: 0 });
    else await remove(tx, pack);
  });
  return undefined;
};
