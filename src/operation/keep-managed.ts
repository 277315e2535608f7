import { after, hours, type Seconds } from '../kit/time.ts';
import { getManagedSettings, putOffManaged, takeManagedDue } from '../store/managed.ts';
import { type Pool, transaction } from '../store/store.ts';
import { unavailability } from '../store/unavailable.ts';
import { EVERY_CELL } from '../store/zone-key.ts';
import { findZone } from '../store/zones.ts';
import { keepTotalTls } from './keep-total-tls.ts';
import { keepUniversal } from './keep-universal.ts';
import type { ManagedDeps } from './managed-policy.ts';

/** When a zone is taken again after the database could not answer. */
const SOON: Seconds = 1;

/**
 * Looks at what the service makes by itself in one zone where that is due, and makes what is missing. False: no zone is due.
 * A zone with which it fails is due again after a while, so that it stands in no other's way: soon where the database could not
 * answer, which says nothing of the zone. The error is thrown.
 */
export async function keepManaged(deps: ManagedDeps & { readonly pool: Pool }): Promise<boolean> {
  let taken: string | undefined;
  try {
    return await transaction(deps.pool, async (tx) => {
      taken = await takeManagedDue(tx, { cells: EVERY_CELL, now: deps.clock.now() });
      const zone = taken === undefined ? undefined : await findZone(tx, taken);
      if (!zone) return taken !== undefined;
      const settings = await getManagedSettings(tx, zone.id);
      if (settings.isUniversalOn) await keepUniversal(tx, deps, zone);
      await keepTotalTls(tx, deps, { zone, settings });
      return true;
    });
  } catch (error) {
    const pause = unavailability(error) ? SOON : hours(1);
    if (taken !== undefined) await putOffManaged(deps.pool, taken, after(deps.clock.now(), pause));
    throw error;
  }
}
