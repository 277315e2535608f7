import { Fault } from '../kit/fault.ts';
import type { PackZone } from '../pack/pack.ts';
import { verificationName } from '../pack/zone-life.ts';
import { deactivated } from './locked-zone.ts';

/** What is known of a zone that something is ordered for. */
type Standing = Pick<PackZone, 'name' | 'type' | 'status'> & { readonly isDeactivated: boolean };

/**
 * Throws `zone_not_active` for a zone whose account has not shown control of it, or does not any more: nothing is ordered for
 * it; and `zone_deactivated`.
 */
export function demandActive({ name, type, status, isDeactivated }: Standing): void {
  if (isDeactivated) throw deactivated(name);
  if (status === 'active') return;
  const how =
    type === 'full'
      ? 'have its parent delegate it to exactly its name_servers'
      : `publish its verification_key as a TXT record at ${verificationName(name)}`;
  const when = 'it is looked for by itself, and at once by PUT /zones/{zone_id}/activation_check';
  throw new Fault(
    'zone_not_active',
    `the zone ${name} is ${status}: nothing is ordered for it until it is active; ${how} (${when})`,
  );
}
