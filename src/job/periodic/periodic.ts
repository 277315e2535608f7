/** What workers do beside the packs that are due, each again and again. */
import { Fault } from '../../kit/fault.ts';
import { after, days, hours } from '../../kit/time.ts';
import { deleteStranded } from '../../operation/delete-stranded.ts';
import { purgeAudit } from '../../store/audit.ts';
import { purgeAuthorizations, releaseZone } from '../../store/authorizations.ts';
import { purgeFullBuckets } from '../../store/ca-limits.ts';
import { purgeChanges } from '../../store/deployments.ts';
import { purgeOrderRequests } from '../../store/order-requests.ts';
import { remindUnplanned } from '../../store/packs.ts';
import { isConnectionLoss } from '../../store/store.ts';
import { purgeZones } from '../../store/zones.ts';
import type { JobDeps } from '../job.ts';
import { removeDnsLeftovers } from '../step/dns-update.ts';
import { deactivateDue } from './authorizations.ts';
import { revokeDue } from './revocations.ts';

const SWEEP_MS = 1_000;
const LEFTOVERS_MS = 2_000;
const PURGE_MS = 60_000;
const REMIND_MS = 30_000;
/** Packs whose renewal is planned at a time, beside those that are due of themselves. */
const MOST_REMINDED = 500;

/** How long an Idempotency-Key is remembered. */
const REQUEST_LIFE = days(1);
/** How long an edge may be without word of a change before it has to ask anew, many times over. */
const CHANGE_LIFE = hours(1);

/** Starts the periodic work; `ring` tells the workers that something became due. */
export const startPeriodic = (deps: JobDeps, ring: () => void, signal: AbortSignal): NodeJS.Timeout[] => [
  every(deps, PURGE_MS, () => purgeOld(deps)),
  every(deps, SWEEP_MS, () => sweepZones(deps, ring)),
  every(deps, SWEEP_MS, () => revokeDue(deps, signal)),
  every(deps, SWEEP_MS, () => deactivateDue(deps, signal)),
  every(deps, REMIND_MS, () => remindUnplanned(deps.pool, MOST_REMINDED, deps.clock.now())),
  every(deps, LEFTOVERS_MS, () => removeDnsLeftovers(deps, signal)),
];

/** Takes the packs of hidden zones away, a batch at a time, and removes zones that have none left. */
async function sweepZones(deps: JobDeps, ring: () => void): Promise<void> {
  const stranded = await deleteStranded(deps, (error) => report(deps, error, 'sweep'));
  if (stranded > 0) ring();
  // A worker may have been at an order of a pack when its zone went.
  for (const zoneId of await purgeZones(deps.pool)) await releaseZone(deps.pool, zoneId, deps.clock.now());
}

/** What is kept for a while only. */
async function purgeOld({ pool, clock, auditLife }: JobDeps): Promise<void> {
  await purgeOrderRequests(pool, after(clock.now(), -REQUEST_LIFE));
  await purgeChanges(pool, after(clock.now(), -CHANGE_LIFE));
  if (auditLife > 0) await purgeAudit(pool, after(clock.now(), -auditLife));
  await purgeFullBuckets(pool, clock.now());
  await purgeAuthorizations(pool, clock.now());
}

/** Runs `work` again and again, never twice at once. */
export function every(deps: JobDeps, ms: number, work: () => Promise<unknown>): NodeJS.Timeout {
  let isRunning = false;
  return setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    work()
      .catch((error: unknown) => report(deps, error, 'timer'))
      .finally(() => {
        isRunning = false;
      });
  }, ms);
}

/** Logs what failed; the loss of a connection passes by itself. */
export function report(deps: JobDeps, error: unknown, what: string): void {
  if (error instanceof Fault && error.fault === 'pack_moved') return; // another process was first
  const level = isConnectionLoss(error) ? 'warn' : 'error';
  deps.log[level]({ err: error }, `worker: ${what} failed`);
}
