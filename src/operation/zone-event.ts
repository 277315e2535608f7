import type { PackZone } from '../pack/pack.ts';
import type { Actor, AuditEvent } from '../store/audit.ts';

/** What was done to a zone, as it is recorded. */
export const zoneEvent = (
  event: string,
  { id, accountId, name }: Pick<PackZone, 'id' | 'accountId' | 'name'>,
  actor: Actor,
): AuditEvent => ({ event, actor, accountId, zoneId: id, resource: 'zone', resourceId: id, name });
