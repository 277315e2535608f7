import { Type } from '@fastify/type-provider-typebox';
import { ZONE_STATUSES, ZONE_TYPES } from '../../pack/pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { isByText, type ZonePolicy } from '../../pack/zone-life.ts';
import type { Zone } from '../../store/zone-row.ts';

const Optional = Type.Optional;
const Nullable = (of: ReturnType<typeof Type.String>) => Type.Union([of, Type.Null()]);

/** A zone as it is answered. */
export const ZoneReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.Enum([...ZONE_STATUSES]),
  paused: Type.Boolean(),
  type: Type.Enum([...ZONE_TYPES]),
  name_servers: Type.Array(Type.String()),
  original_name_servers: Type.Union([Type.Array(Type.String()), Type.Null()]),
  verification_key: Optional(Type.String()),
  created_on: Type.String(),
  modified_on: Type.String(),
  activated_on: Nullable(Type.String()),
  account: Type.Object({ id: Type.String(), name: Type.String() }),
  plan: Type.Object({ name: Type.String() }),
});

/** There are none here; Cloudflare's description has one in every zone, and its clients read its fields. */
const PLAN = {
  id: '0'.repeat(32),
  name: 'None',
  price: 0,
  currency: 'USD',
  frequency: '',
  legacy_id: 'none',
  is_subscribed: false,
  can_subscribe: false,
  externally_managed: false,
  legacy_discount: false,
};

/** A zone as Cloudflare answers it. The key is shown where its TXT record shows control. */
export function toZoneReply({ zonePolicy }: { readonly zonePolicy: ZonePolicy }, zone: Zone) {
  const nameServers = zone.nameServers ?? zonePolicy.nameServers;
  return {
    id: zone.id,
    name: zone.name,
    status: zone.status,
    paused: zone.isPaused,
    type: zone.type,
    development_mode: 0,
    name_servers: zone.type === 'full' ? [...nameServers] : [],
    original_name_servers: zone.originalNameServers ? [...zone.originalNameServers] : null,
    original_registrar: null,
    original_dnshost: null,
    created_on: toWireTime(zone.createdOn),
    modified_on: toWireTime(zone.modifiedOn),
    activated_on: zone.activatedOn ? toWireTime(zone.activatedOn) : null,
    account: { id: zone.accountId, name: zone.accountName },
    owner: { id: zone.accountId, name: zone.accountName, type: 'organization' },
    meta: { step: 0, custom_certificate_quota: 0, page_rule_quota: 0, phishing_detected: false },
    plan: PLAN,
    ...(isByText(zone) && { verification_key: zone.verificationKey }),
  };
}
