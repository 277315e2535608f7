import { between } from '../kit/time.ts';
import { earliestEnd } from '../pack/lifecycle.ts';
import { alone } from '../store/store.ts';
import { postpone } from './advance.ts';
import type { Job } from './job.ts';
import { withdraw } from './withdraw.ts';

/** Takes a pack that will not be renewed off the edges when the first of its certificates ends. */
export const expire: Job = async (deps, pack, signal) => {
  const end = earliestEnd(pack);
  const left = end ? between(deps.clock.now(), end) : 0;
  if (left <= 0) return withdraw(deps, pack, signal);
  await alone(deps.pool, pack.zone.id, (db) => postpone(db, deps, pack, { seconds: left, attempts: 0 }));
  return undefined;
};
