import { isOver } from '../../pack/renewal.ts';
import type { Job } from '../job.ts';
import { renew } from './renew.ts';
import { withdraw } from './withdraw.ts';

/** Takes a pack whose renewal was given up off the edges when the first of its certificates ends; until then it is tried. */
export const expire: Job = (deps, work, signal) =>
  work.pack.certificates.length > 0 && !isOver(work.pack, deps.clock.now())
    ? renew(deps, work, signal)
    : withdraw(deps, work, signal);
