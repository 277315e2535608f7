import type { Clock } from '../kit/clock.ts';
import { releaseZone } from '../store/authorizations.ts';
import { type Pool, transaction } from '../store/store.ts';
import { purgeZones } from '../store/zones.ts';

/** Removes hidden zones that have no pack left, and has what they showed to CAs given up. */
export function removeEmptyZones({
  pool,
  clock,
}: {
  readonly pool: Pool;
  readonly clock: Clock;
}): Promise<void> {
  return transaction(pool, async (tx) => {
    // A worker may have been at an order of a pack when its zone went.
    const now = clock.now();
    for (const zoneId of await purgeZones(tx, now)) await releaseZone(tx, zoneId, now);
  });
}
