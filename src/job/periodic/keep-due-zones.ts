import { keepManaged } from '../../operation/keep-managed.ts';
import type { JobDeps } from '../job.ts';

/** Zones that are looked at in one go; then others have their turn. */
const MOST_AT_ONCE = 100;

/** Makes what the service makes by itself in zones where that is due, one after the other; `ring` tells the workers. */
export async function keepDueZones(deps: JobDeps, ring: () => void, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < MOST_AT_ONCE && !signal.aborted; i++) {
    if (!(await keepManaged(deps))) return;
    ring();
  }
}
