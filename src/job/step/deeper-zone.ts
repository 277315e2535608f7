import { Fault } from '../../kit/fault.ts';
import { covers, isInZone, toName } from '../../pack/hosts.ts';
import type { Pack } from '../../pack/pack.ts';
import { getDeeperZone } from '../../store/names.ts';
import type { JobDeps } from '../job.ts';

/**
 * Looks again whether all hosts of a pack are its zone's, before a certificate is ordered for them. Throws `invalid_host` where
 * one has come to belong to a deeper zone of another account, or a wildcard covers such a zone.
 */
export async function checkDeeperZones({ pool }: JobDeps, { zone, hosts }: Pack): Promise<void> {
  const deeper = await getDeeperZone(pool, zone, hosts.map(toName), 'others');
  if (!deeper) return;
  const host = hosts.find((one) => isInZone(toName(one), deeper.name) || covers(toName(one), deeper.name));
  throw new Fault(
    'invalid_host',
    `${host} is not this zone's any more, or covers what is not: no certificate is got for it here; order the other hosts in ` +
      'a certificate pack of their own',
  );
}
