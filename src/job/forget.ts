import { between } from '../kit/time.ts';
import { TOMBSTONE } from '../pack/lifecycle.ts';
import { deletePack } from '../store/pack-writes.ts';
import { isHeld } from '../store/packs.ts';
import { transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { postpone } from './advance.ts';
import type { Job } from './job.ts';

/** Removes a deleted pack, with its certificates and sealed keys, when its tombstone has stood long enough. */
export const forget: Job = async (deps, pack) => {
  const left = TOMBSTONE - between(pack.statusSince, deps.clock.now());
  await transaction(deps.pool, async (tx) => {
    if (left > 0) return postpone(tx, deps, pack, { seconds: left, attempts: 0 });
    await touchZone(tx, pack.zone.id);
    if (await isHeld(tx, pack)) await deletePack(tx, pack);
    return undefined;
  });
  return undefined;
};
