import type { Clock } from '../kit/clock.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { noteMoved, wakeClaims } from '../store/name-claims.ts';
import { type Pool, transaction } from '../store/store.ts';
import { putZoneChange, stirPacks } from '../store/zone-life.ts';
import { lockZoneWithDomain } from './locked-zone.ts';
import { zoneEvent } from './zone-event.ts';

interface Deps {
  readonly pool: Pool;
  readonly clock: Clock;
}

/**
 * The operator wants nothing more to be done for a zone, or ends that: it is not looked at, and one that was active is
 * `moved`. What is served stays served. Whether there is such a zone.
 */
export function deactivateZone(
  { pool, clock }: Deps,
  id: string,
  { isDeactivated, by }: { readonly isDeactivated: boolean; readonly by: Actor },
): Promise<boolean> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    const zone = await lockZoneWithDomain(tx, id, now);
    if (!zone) return false;
    if (zone.isDeactivated === isDeactivated) return true;
    const status = zone.status === 'active' ? 'moved' : zone.status;
    const lookAt = isDeactivated ? null : now;
    await putZoneChange(tx, zone, { isDeactivated, status, lookAt }, now);
    await noteMoved(tx, zone);
    await stirPacks(tx, id, now);
    await recordAudit(tx, zoneEvent(isDeactivated ? 'deactivate' : 'reactivate', zone, by), now);
    if (isDeactivated) await wakeClaims(tx, zone.name, now);
    return true;
  });
}
