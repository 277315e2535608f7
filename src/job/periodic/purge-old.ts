import { after, days, hours } from '../../kit/time.ts';
import { purgeAudit } from '../../store/audit.ts';
import { purgeAuthorizations } from '../../store/authorizations.ts';
import { purgeFullBuckets } from '../../store/ca-limits.ts';
import { purgeChanges } from '../../store/edge-changes.ts';
import { purgeNames } from '../../store/names.ts';
import { purgeOrderRequests } from '../../store/order-requests.ts';
import type { JobDeps } from '../job.ts';

/** How long an Idempotency-Key is remembered. */
const REQUEST_LIFE = days(1);
/** How long an edge may be without word of a change before it has to ask anew, many times over. */
const CHANGE_LIFE = hours(1);

/** Removes what is kept for a while only. */
export async function purgeOld({ pool, clock, auditLife, names }: JobDeps): Promise<void> {
  await purgeOrderRequests(pool, after(clock.now(), -REQUEST_LIFE));
  await purgeChanges(pool, after(clock.now(), -CHANGE_LIFE));
  if (auditLife > 0) await purgeAudit(pool, after(clock.now(), -auditLife));
  await purgeFullBuckets(pool, clock.now());
  await purgeAuthorizations(pool, clock.now());
  await purgeNames(pool, after(clock.now(), -names.rest));
}
