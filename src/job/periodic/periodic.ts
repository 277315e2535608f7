/** What workers do beside the packs that are due, each again and again: one row a job, one file a row: here, or an operation. */
import { remindUnplanned } from '../../operation/remind-unplanned.ts';
import type { JobDeps } from '../job.ts';
import { deactivateDue } from './authorizations.ts';
import { removeDnsLeftovers } from './dns-leftovers.ts';
import { keepDueZones } from './keep-due-zones.ts';
import { purgeOld } from './purge-old.ts';
import { every } from './repeat.ts';
import { revokeDue } from './revocations.ts';
import { sweepZones } from './sweep-zones.ts';
import { lookAtZones } from './zone-looks.ts';

/** What a periodic job is given beside the rest. */
interface Around {
  /** Tells the workers that something became due. */
  readonly ring: () => void;
  readonly signal: AbortSignal;
}

interface Periodic {
  readonly everyMs: number;
  readonly run: (deps: JobDeps, around: Around) => Promise<unknown>;
}

const PERIODIC: readonly Periodic[] = [
  { everyMs: 60_000, run: purgeOld },
  { everyMs: 1_000, run: (deps, { ring }) => sweepZones(deps, ring) },
  { everyMs: 1_000, run: (deps, { signal }) => revokeDue(deps, signal) },
  { everyMs: 1_000, run: (deps, { signal }) => deactivateDue(deps, signal) },
  { everyMs: 500, run: (deps, { ring, signal }) => lookAtZones(deps, ring, signal) },
  { everyMs: 500, run: (deps, { ring, signal }) => keepDueZones(deps, ring, signal) },
  { everyMs: 30_000, run: remindUnplanned },
  { everyMs: 2_000, run: (deps, { signal }) => removeDnsLeftovers(deps, signal) },
];

/** Starts the periodic work; `ring` tells the workers that something became due. */
export const startPeriodic = (deps: JobDeps, ring: () => void, signal: AbortSignal): NodeJS.Timeout[] =>
  PERIODIC.map(({ everyMs, run }) => every(deps, everyMs, () => run(deps, { ring, signal })));
