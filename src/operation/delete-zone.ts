import type { Clock } from '../kit/clock.ts';
import { registeredDomain } from '../pack/name-policy.ts';
import type { PackZone } from '../pack/pack.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { releaseZone } from '../store/authorizations.ts';
import { deleteAllRecords } from '../store/dns-records.ts';
import { giveUpName } from '../store/names.ts';
import { type Pool, transaction } from '../store/store.ts';
import { hideZone } from '../store/zones.ts';
import { zoneEvent } from './zone-event.ts';

/**
 * Hides a zone; its DNS records go with it, its packs are then taken off the edges, and it is gone with the last of them.
 * What it has shown to CAs is given up there, and its name rests before another account can have it.
 */
export function deleteZone(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  zone: Pick<PackZone, 'id' | 'accountId' | 'name'>,
  by: Actor,
): Promise<void> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    if (!(await hideZone(tx, zone.accountId, zone.id, now))) return;
    await deleteAllRecords(tx, zone.id);
    await releaseZone(tx, zone.id, now);
    await giveUpName(tx, { ...zone, domain: registeredDomain(zone.name) }, now);
    await recordAudit(tx, zoneEvent('delete', zone, by), now);
  });
}
