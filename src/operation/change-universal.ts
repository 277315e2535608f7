import type { PackZone } from '../pack/pack.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { getManagedSettings, putUniversal } from '../store/managed.ts';
import { type Pool, transaction } from '../store/store.ts';
import { holdZone } from '../store/zones.ts';
import { keepUniversal, withdrawUniversal } from './keep-universal.ts';
import type { ManagedDeps } from './managed-policy.ts';
import { zoneEvent } from './zone-event.ts';

/** What is wanted of Universal, and by whom. */
export interface UniversalWish {
  readonly zone: PackZone;
  readonly isOn: boolean;
  readonly by: Actor;
}

/**
 * Switches Universal on or off for a zone: off takes its pack off the edges and keeps it, on puts it there again or orders
 * one. Whether anything changed. Throws `zone_not_found`.
 */
export function changeUniversal(
  deps: ManagedDeps & { readonly pool: Pool },
  { zone, isOn, by }: UniversalWish,
): Promise<boolean> {
  return transaction(deps.pool, async (tx) => {
    await holdZone(tx, zone.id);
    if ((await getManagedSettings(tx, zone.id)).isUniversalOn === isOn) return false;
    await putUniversal(tx, zone.id, isOn);
    await recordAudit(tx, zoneEvent(isOn ? 'universal_on' : 'universal_off', zone, by), deps.clock.now());
    await (isOn
      ? keepUniversal(tx, deps, zone, { by, isAtOnce: true })
      : withdrawUniversal(tx, deps, zone, { by }));
    return true;
  });
}
