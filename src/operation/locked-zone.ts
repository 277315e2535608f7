import { Fault } from '../kit/fault.ts';
import { registeredDomain } from '../pack/name-policy.ts';
import { lockDomain } from '../store/names.ts';
import type { Tx } from '../store/store.ts';
import { type LookedZone, lockZone } from '../store/zone-life.ts';
import { getZoneName } from '../store/zones.ts';

/**
 * Locks the names in a zone's registered domain and then the zone, until the transaction ends: whoever changes what a zone has
 * of its name does so in that order. Undefined where there is no such zone.
 */
export async function lockZoneWithDomain(tx: Tx, id: string, now: Date): Promise<LookedZone | undefined> {
  const name = await getZoneName(tx, id);
  if (name === undefined) return undefined;
  await lockDomain(tx, registeredDomain(name), now);
  return lockZone(tx, id);
}

/** The fault of whoever wants something of a zone that the operator deactivated. */
export const deactivated = (name: string): Fault =>
  new Fault('zone_deactivated', `the operator of this service deactivated the zone ${name}: ask there`);
