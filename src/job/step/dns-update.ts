/** Validation records in zones whose name server takes dynamic updates from us (RFC 2136). */
import { Fault, wordsOf } from '../../kit/fault.ts';
import type { Pack } from '../../pack/pack.ts';
import { notePublished } from '../../store/dns-published.ts';
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
    one.method === 'txt' && one.status === 'pending' ? [one] : [],
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
