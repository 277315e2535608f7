import { purgePack } from '../../operation/purge-pack.ts';
import type { Job } from '../job.ts';

/** Removes a deleted pack when its tombstone has stood long enough. */
export const purge: Job = async (deps, work) => {
  await purgePack(deps, work);
  return undefined;
};
