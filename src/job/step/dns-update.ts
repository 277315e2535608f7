/** Validation records in zones whose name server takes dynamic updates from us (RFC 2136). */
import { Fault, wordsOf } from '../../kit/fault.ts';
import type { Pack } from '../../pack/pack.ts';
import { forgetPublished, listLeftovers, notePublished, type Published } from '../../store/dns-published.ts';
import type { JobDeps } from '../job.ts';

/**
 * Publishes what a pack still has to show, in a zone that is configured for it. Noted before it is done, so that a crash
 * leaves nothing behind. What went wrong in words for the subscriber, who may still do it by hand; undefined: nothing.
 */
export async function publishByUpdate(
  { pool, publishers, clock, log }: JobDeps,
  pack: Pack,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { id, zone, validationRecords } = pack;
  const publisher = publishers.get(zone.name);
  const pending = validationRecords.flatMap((one) =>
    'txtName' in one && one.status === 'pending' ? [one] : [],
  );
  if (!publisher || pending.length === 0) return undefined;
  const place = { pack, zoneName: zone.name };
  const fresh = await notePublished(pool, place, pending, clock.now());
  try {
    // Those that were noted before may be missing: whoever noted them may have been killed then.
    await publisher.add(pending, signal);
    if (fresh.size > 0) log.info({ pack: id, zone: zone.name, records: fresh.size }, 'records published');
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Fault)) throw error;
    return `the validation records could not be published: ${wordsOf(error)}`;
  }
}

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
    log.warn({ zone, err: error }, 'validation records could not be taken away; it is tried again');
    return false;
  }
}
