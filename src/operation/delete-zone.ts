import type { Clock } from '../kit/clock.ts';
import { registeredDomain } from '../pack/name-policy.ts';
import type { PackZone } from '../pack/pack.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { releaseZone } from '../store/authorizations.ts';
import { deleteCsrsOfZone } from '../store/custom-csrs.ts';
import { deleteAllRecords } from '../store/dns-records.ts';
import { releaseHostnames } from '../store/hostname-owners.ts';
import { wakeClaims } from '../store/name-claims.ts';
import { noteSetUsed } from '../store/name-servers.ts';
import { giveUpName } from '../store/names.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { type LookedZone } from '../store/zone-life.ts';
import { hideZone } from '../store/zones.ts';
import { deactivated, lockZoneWithDomain } from './locked-zone.ts';
import { zoneEvent } from './zone-event.ts';

/**
 * Hides a zone; its DNS records and custom CSRs go with it, its packs are then taken off the edges, and it is gone with the last of them.
 * What it has shown to CAs is given up there, and a name that it had rests before another account can have it without
 * showing control. Throws `zone_deactivated` for one that the operator deactivated.
 */
export function deleteZone(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  { id, accountId }: Pick<PackZone, 'id' | 'accountId' | 'name'>,
  by: Actor,
): Promise<void> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    const zone = await lockZoneWithDomain(tx, id, now);
    if (zone?.isDeactivated) throw deactivated(zone.name);
    if (!zone || !(await hideZone(tx, accountId, id, now))) return;
    await deleteAllRecords(tx, id);
    await deleteCsrsOfZone(tx, accountId, id);
    await releaseZone(tx, id, now);
    await releaseHostnames(tx, id);
    if (zone.hasName) await leave(tx, zone, now);
    await recordAudit(tx, zoneEvent('delete', zone, by), now);
  });
}

/** What becomes of the name of a zone that goes: those who claim it are looked at. */
async function leave(tx: Tx, zone: LookedZone, now: Date): Promise<void> {
  await giveUpName(tx, { ...zone, domain: registeredDomain(zone.name) }, now);
  if (zone.nameServers) await noteSetUsed(tx, zone, zone.nameServers);
  await wakeClaims(tx, zone.name, now);
}
