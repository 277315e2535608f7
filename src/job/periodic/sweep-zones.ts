import { deleteStranded } from '../../operation/delete-stranded.ts';
import { removeEmptyZones } from '../../operation/remove-empty-zones.ts';
import type { JobDeps } from '../job.ts';
import { report } from './repeat.ts';

/** Takes the packs of hidden zones away, a batch at a time, and removes zones that have none left; `ring` tells the workers. */
export async function sweepZones(deps: JobDeps, ring: () => void): Promise<void> {
  const stranded = await deleteStranded(deps, (error) => report(deps, error, 'sweep'));
  if (stranded > 0) ring();
  await removeEmptyZones(deps);
}
