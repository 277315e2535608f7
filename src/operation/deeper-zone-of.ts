import { Fault } from '../kit/fault.ts';
import { covers, isInZone } from '../pack/hosts.ts';
import type { PackZone } from '../pack/pack.ts';
import { getDeeperZone } from '../store/names.ts';
import type { Db } from '../store/store.ts';

/** Throws `invalid_host` where one of these names, in A-labels, belongs to a zone that lies deeper, or covers one. */
export async function deeperZoneOf(db: Db, zone: PackZone, names: readonly string[]): Promise<void> {
  const deeper = await getDeeperZone(db, zone, names);
  if (!deeper) return;
  const host = names.find((name) => isInZone(name, deeper.name) || covers(name, deeper.name));
  const where =
    deeper.accountId === zone.accountId ? `belongs to the zone ${deeper.name}` : 'is not for this zone';
  throw new Fault('invalid_host', `${host} ${where}`, { pointer: '/hosts' });
}
