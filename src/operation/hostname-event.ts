import type { CustomHostname } from '../pack/custom-hostname.ts';
import type { PackZone } from '../pack/pack.ts';
import type { Actor, AuditEvent } from '../store/audit.ts';

/** What was done to a custom hostname, as it is recorded. */
export const hostnameEvent = (
  event: string,
  { id, hostname, zoneId }: Pick<CustomHostname, 'id' | 'hostname' | 'zoneId'>,
  { accountId, by }: Pick<PackZone, 'accountId'> & { readonly by: Actor },
): AuditEvent => ({
  event,
  actor: by,
  accountId,
  zoneId,
  resource: 'custom_hostname',
  resourceId: id,
  name: hostname,
});
