/** What workers do beside the packs that are due, each again and again: one row a job, one file a row: here, or an operation. */
import { recordRisks } from '../../operation/record-risks.ts';
import { remindUnplanned } from '../../operation/remind-unplanned.ts';
import type { JobDeps } from '../job.ts';
import { deliverAlerts } from './alert-deliver.ts';
import { readAlerts } from './alert-read.ts';
import { deactivateDue } from './authorizations.ts';
import { workBulk } from './bulk.ts';
import { removeDnsLeftovers } from './dns-leftovers.ts';
import { lookAtEdges } from './edge-looks.ts';
import { countFigures } from './figures.ts';
import { lookAtHostnames } from './hostname-looks.ts';
import { keepDueZones } from './keep-due-zones.ts';
import { lookAtKeys } from './key-looks.ts';
import { workMoveIns } from './move-ins.ts';
import { proveServed } from './proofs.ts';
import { purgeOld } from './purge-old.ts';
import { recountAccounts } from './recount.ts';
import { every } from './repeat.ts';
import { revokeDue } from './revocations.ts';
import { sweepZones } from './sweep-zones.ts';
import { lookAtTokenKeys } from './token-looks.ts';
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
  { everyMs: 500, run: (deps, { signal }) => lookAtHostnames(deps, signal) },
  { everyMs: 1_000, run: (deps, { signal }) => lookAtKeys(deps, signal) },
  { everyMs: 1_000, run: (deps, { signal }) => lookAtTokenKeys(deps, signal) },
  { everyMs: 1_000, run: async (deps, { signal }) => deps.revocations?.getNext(signal) },
  { everyMs: 1_000, run: (deps, { signal }) => lookAtEdges(deps, signal) },
  { everyMs: 1_000, run: (deps, { ring, signal }) => proveServed(deps, ring, signal) },
  { everyMs: 500, run: (deps, { ring, signal }) => keepDueZones(deps, ring, signal) },
  { everyMs: 500, run: (deps, { ring, signal }) => workBulk(deps, ring, signal) },
  { everyMs: 250, run: (deps, { ring, signal }) => workMoveIns(deps, ring, signal) },
  { everyMs: 500, run: (deps, { signal }) => readAlerts(deps, signal) },
  { everyMs: 250, run: (deps, { signal }) => deliverAlerts(deps, signal) },
  { everyMs: 60_000, run: (deps, { signal }) => recountAccounts(deps, signal) },
  { everyMs: 1_000, run: (deps, { signal }) => countFigures(deps, signal) },
  { everyMs: 30_000, run: remindUnplanned },
  { everyMs: 60_000, run: (deps, { signal }) => recordRisks(deps, signal) },
  { everyMs: 2_000, run: (deps, { signal }) => removeDnsLeftovers(deps, signal) },
];

/** Starts the periodic work; `ring` tells the workers that something became due. */
export const startPeriodic = (deps: JobDeps, ring: () => void, signal: AbortSignal): NodeJS.Timeout[] =>
  PERIODIC.map(({ everyMs, run }) => every(deps, everyMs, () => run(deps, { ring, signal })));
