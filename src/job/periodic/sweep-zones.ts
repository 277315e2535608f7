import { deleteStranded } from '../../operation/delete-stranded.ts';
import { releaseZone } from '../../store/authorizations.ts';
import { purgeZones } from '../../store/zones.ts';
import type { JobDeps } from '../job.ts';
import { report } from './repeat.ts';

/** Takes the packs of hidden zones away, a batch at a time, and removes zones that have none left; `ring` tells the workers. */
export async function sweepZones(deps: JobDeps, ring: () => void): Promise<void> {
  const stranded = await deleteStranded(deps, (error) => report(deps, error, 'sweep'));
  if (stranded > 0) ring();
  // A worker may have been at an order of a pack when its zone went.
  for (const zoneId of await purgeZones(deps.pool)) await releaseZone(deps.pool, zoneId, deps.clock.now());
}
