import { Fault } from '../../kit/fault.ts';
import { forgetPublished, listLeftovers, type Published } from '../../store/dns-published.ts';
import type { JobDeps } from '../job.ts';

/** Records that are taken away in one go. */
const MOST_AT_ONCE = 200;

/** Takes away records that no pack waits for any more. What a server refuses is tried again later. */
export async function removeDnsLeftovers(
  { pool, publishers, log }: JobDeps,
  signal: AbortSignal,
): Promise<void> {
  const byZone = Object.groupBy(await listLeftovers(pool, MOST_AT_ONCE), ({ zoneName }) => zoneName);
  for (const [zone, records = []] of Object.entries(byZone)) {
    const publisher = publishers.get(zone);
    // The operator took the zone out of the configuration: what is left there is not ours to reach any more.
    if (publisher && !(await isRemoved(publisher, records, { zone, log, signal }))) continue;
    for (const record of records) await forgetPublished(pool, record);
  }
}

async function isRemoved(
  publisher: NonNullable<ReturnType<JobDeps['publishers']['get']>>,
  records: readonly Published[],
  { zone, log, signal }: { readonly zone: string; readonly signal: AbortSignal } & Pick<JobDeps, 'log'>,
): Promise<boolean> {
  try {
    await publisher.remove(records, signal);
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    log.info({ zone, err: error }, 'validation records could not be taken away; it is tried again');
    return false;
  }
}
