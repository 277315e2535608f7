import { type Static, Type } from 'typebox';
import { EVENT_KINDS, EVENT_OWNERS, meaningOf } from '../../pack/pack-event.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { isGranted } from '../../pack/permission.ts';
import type { PackEventRow } from '../../store/pack-events.ts';
import type { Token } from '../../store/token-row.ts';

/** What happened to a pack, on the wire. */
export const PackEventReply = Type.Object({
  id: Type.String(),
  time: Type.String(),
  zone_id: Type.String(),
  certificate_pack_id: Type.String(),
  kind: Type.Enum([...EVENT_KINDS]),
  // A newer version may have recorded another.
  cause: Type.String(),
  from_status: Type.Optional(Type.String()),
  to_status: Type.Optional(Type.String()),
  owner: Type.Enum([...EVENT_OWNERS]),
  token: Type.Optional(Type.Object({ id: Type.String(), name: Type.Optional(Type.String()) })),
  details: Type.Optional(Type.Object({ validation_errors: Type.Optional(Type.Array(Type.String())) })),
});

/** An event for whoever may see tokens of its account, or may not. */
export function toEventReply(event: PackEventRow, seesTokens: boolean): Static<typeof PackEventReply> {
  const { kind, cause, owner } = meaningOf(event);
  return {
    id: `${event.zoneId}-${event.seq}`,
    time: toWireTime(event.madeOn),
    zone_id: event.zoneId,
    certificate_pack_id: event.packId,
    kind,
    cause,
    ...(event.from !== null && { from_status: event.from }),
    ...(event.to !== null && { to_status: event.to }),
    owner,
    ...(owner === 'customer' && seesTokens && { token: tokenOf(event) }),
    ...(event.details !== null && { details: JSON.parse(event.details) }),
  };
}

const tokenOf = ({ actor: id, actorName: name }: PackEventRow) => ({ id, ...(name !== null && { name }) });

/** Whether a token may know which tokens its account has. */
export const seesTokens = ({ policies }: Token): boolean =>
  isGranted(policies, 'Account Settings Read') || isGranted(policies, 'API Tokens Read');
