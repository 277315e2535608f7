import { after, days } from '../../kit/time.ts';
import { clearEdge } from '../../operation/change-edge.ts';
import { purgeAccountRequests } from '../../store/account-requests.ts';
import { purgeTold } from '../../store/alert-told.ts';
import { purgeAudit } from '../../store/audit.ts';
import { purgeAuthorizations } from '../../store/authorizations.ts';
import { purgeBulkJobs } from '../../store/bulk-jobs.ts';
import { purgeFullBuckets } from '../../store/ca-limits.ts';
import { CHANGE_LIFE, purgeChanges } from '../../store/edge-changes.ts';
import { listGoneEdges } from '../../store/edge-leftovers.ts';
import { forgetEnded } from '../../store/known-intermediates.ts';
import { purgeNames } from '../../store/names.ts';
import { purgeDeliveries } from '../../store/new-deliveries.ts';
import { purgeOrderRequests } from '../../store/order-requests.ts';
import type { JobDeps } from '../job.ts';

/** How long an Idempotency-Key is remembered. */
const REQUEST_LIFE = days(1);

/** How long bulk jobs that ended can be read. */
const BULK_LIFE = days(30);

/** Removes what is kept for a while only. */
export async function purgeOld({ pool, clock, auditLife, names }: JobDeps): Promise<void> {
  await purgeOrderRequests(pool, after(clock.now(), -REQUEST_LIFE));
  await purgeAccountRequests(pool, after(clock.now(), -REQUEST_LIFE));
  await purgeBulkJobs(pool, after(clock.now(), -BULK_LIFE));
  await purgeChanges(pool, after(clock.now(), -CHANGE_LIFE));
  if (auditLife > 0) await purgeRecord({ pool, clock, auditLife });
  await purgeFullBuckets(pool, clock.now());
  await purgeAuthorizations(pool, clock.now());
  await forgetEnded(pool, clock.now());
  for (const id of await listGoneEdges(pool)) await clearEdge(pool, clock.now(), id);
  await purgeNames(pool, after(clock.now(), -names.rest));
}

/** What was told goes with the record of what happened. */
async function purgeRecord({
  pool,
  clock,
  auditLife,
}: Pick<JobDeps, 'pool' | 'clock' | 'auditLife'>): Promise<void> {
  const before = after(clock.now(), -auditLife);
  await purgeAudit(pool, before);
  await purgeDeliveries(pool, before);
  await purgeTold(pool, before);
}
