/** Validation records in zones whose name server takes dynamic updates from us (RFC 2136). */
import { Fault, wordsOf } from '../../kit/fault.ts';
import { isOperator } from '../../pack/name-policy.ts';
import type { Pack, PackZone } from '../../pack/pack.ts';
import { isOfHostname } from '../../pack/type.ts';
import { notePublished } from '../../store/dns-published.ts';
import { getFirstAccount } from '../../store/names.ts';
import type { BoundPublisher, JobDeps } from '../job.ts';

/**
 * Publishes what a pack still has to show, in a zone that is configured for it. Noted before it is done, so that a crash
 * leaves nothing behind. What went wrong in words for the subscriber, who may still do it by hand; undefined: nothing.
 */
export async function publishByUpdate(
  deps: JobDeps,
  pack: Pack,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { pool, publishers, clock, log } = deps;
  const { id, zone, validationRecords } = pack;
  const publisher = isOfHostname(pack) ? undefined : publishers.get(zone.name);
  const pending = validationRecords.flatMap((one) =>
    one.method === 'txt' && one.status === 'pending' && !one.isOurs ? [one] : [],
  );
  if (!publisher || pending.length === 0) return undefined;
  if (!(await isFor(deps, publisher, zone))) return foreign(deps, zone);
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

/** Whether a key may be used for a zone: it is one account's, not for whoever has a zone of that name. */
async function isFor(
  { pool, names }: JobDeps,
  { accountId }: BoundPublisher,
  zone: PackZone,
): Promise<boolean> {
  if (accountId !== undefined) return accountId === zone.accountId;
  return isOperator(names, zone.accountId, await getFirstAccount(pool));
}

function foreign({ log }: JobDeps, { name, accountId }: PackZone): string {
  log.warn(
    { zone: name, account: accountId },
    'the key of [[dns_updates]] is not for the account of the zone',
  );
  return (
    'the validation records are not published by the service, as its key for this zone is not for this account: publish ' +
    "them by hand; the operator can set 'account' in [[dns_updates]]"
  );
}
