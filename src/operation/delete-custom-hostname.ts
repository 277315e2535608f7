import { after } from '../kit/time.ts';
import { namesOf } from '../pack/custom-hostname.ts';
import { TOMBSTONE } from '../pack/lifecycle.ts';
import type { PackZone } from '../pack/pack.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { hideHostname, lockHostname } from '../store/custom-hostnames.ts';
import { logChange } from '../store/edge-changes.ts';
import { releaseHostname } from '../store/hostname-owners.ts';
import { listHostnamePacks } from '../store/hostname-packs.ts';
import { lockPack } from '../store/packs.ts';
import { transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { deleteHeld } from './delete-held.ts';
import { hostnameEvent } from './hostname-event.ts';
import { hostnameNotFound } from './hostname-faults.ts';
import type { OperationDeps } from './operation.ts';

/**
 * Has a custom hostname go: its name is free at once, its packs are taken off the edges and removed, and it can be read until they
 * are. One that is going already stays so. Throws `hostname_not_found`.
 */
export function deleteCustomHostname(
  deps: OperationDeps,
  { zone, id, by }: { readonly zone: PackZone; readonly id: string; readonly by: Actor },
): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    await touchZone(tx, zone.id);
    const found = await lockHostname(tx, zone.id, id);
    if (!found) throw hostnameNotFound(id);
    if (found.deletedOn) return;
    if (await releaseHostname(tx, found.hostname, { zoneId: zone.id, hostnameId: id }))
      await logChange(tx, { environment: 'production', hosts: namesOf(found) }, now);
    for (const { packId } of await listHostnamePacks(tx, zone.id, id)) {
      const pack = await lockPack(tx, zone.id, packId);
      if (pack) await deleteHeld(tx, deps, pack, { by });
    }
    await hideHostname(tx, found, { now, lookAt: after(now, TOMBSTONE) });
    await recordAudit(tx, hostnameEvent('delete', found, { accountId: zone.accountId, by }), now);
  });
}
