import { type Static, Type } from '@fastify/type-provider-typebox';
import { between } from '../../kit/time.ts';
import { isRecentlyHeard } from '../../pack/edge-presence.ts';
import { PROVERS } from '../../pack/pack.ts';
import type { Location } from '../../pack/region.ts';
import type { Edge } from '../../store/edge-row.ts';
import type { ConfiguredEdge } from '../deps.ts';

/** How an edge stands: nobody took it up; its agent has not come to have all yet; packs wait for it; none does. */
export const EDGE_STATUSES = ['pending', 'joining', 'active', 'drained'] as const;
type EdgeStatus = (typeof EDGE_STATUSES)[number];

const When = Type.Union([Type.Null(), Type.String({ format: 'date-time' })]);
const TextOrNone = Type.Union([Type.Null(), Type.String()]);

export const EdgeReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  environment: Type.String(),
  source: Type.Enum(['configuration', 'agent']),
  status: Type.Enum([...EDGE_STATUSES]),
  region: Type.Array(Type.String()),
  country: TextOrNone,
  highest_security: Type.Boolean(),
  host: TextOrNone,
  port: Type.Union([Type.Null(), Type.Integer()]),
  /** By whose look a pack counts as served there: its agent's, and a handshake of the service where that reaches it. */
  proved_by: Type.Array(Type.Enum([...PROVERS])),
  is_connected: Type.Boolean(),
  lag_seconds: Type.Union([Type.Null(), Type.Number()]),
  packs: Type.Integer(),
  names: Type.Integer(),
  problem: TextOrNone,
  version: TextOrNone,
  created_on: When,
  enrolled_on: When,
  seen_on: When,
  drained_on: When,
  token_expires_on: When,
  certificate_expires_on: When,
});

export const EdgeWithTokenReply = Type.Object({ ...EdgeReply.properties, token: Type.String() });

const OutOfStep = Type.Object({
  pack_id: Type.String(),
  zone_id: Type.String(),
  problem: TextOrNone,
  reported_on: When,
});
export const OneEdgeReply = Type.Object({
  ...EdgeReply.properties,
  packs_given: Type.Integer(),
  packs_behind: Type.Integer(),
  proved_on: When,
  out_of_step: Type.Array(OutOfStep),
});

/** An edge with an agent, without its token. */
export const toEdgeJson = (edge: Edge, now: Date): Static<typeof EdgeReply> => ({
  id: edge.id,
  name: edge.name,
  kind: edge.kind,
  environment: edge.environment,
  source: 'agent',
  status: statusOf(edge),
  ...placeOf(edge.location),
  host: edge.address?.host ?? null,
  port: edge.address?.port ?? null,
  proved_by: edge.address ? ['agent', 'handshake'] : ['agent'],
  is_connected: isRecentlyHeard(edge.seenOn, now),
  lag_seconds: edge.applied ? Math.max(0, between(edge.applied, now)) : null,
  ...saidOf(edge),
  ...timesOf(edge),
});

const saidOf = ({ packs, names, problem, version }: Edge) => ({
  packs,
  names,
  problem: problem ?? null,
  version: version ?? null,
});

const timesOf = (edge: Edge) => ({
  created_on: edge.createdOn.toISOString(),
  enrolled_on: textOf(edge.enrolledOn),
  seen_on: textOf(edge.seenOn),
  drained_on: textOf(edge.drainedOn),
  token_expires_on: textOf(edge.tokenUntil),
  certificate_expires_on: textOf(edge.certificateUntil),
});

const textOf = (time: Date | undefined): string | null => time?.toISOString() ?? null;

function statusOf({ agentKeys, applied, drainedOn }: Edge): EdgeStatus {
  if (agentKeys.length === 0) return 'pending';
  if (drainedOn) return 'drained';
  return applied ? 'active' : 'joining';
}

const placeOf = (location: Location | undefined) => ({
  region: [...(location?.regions ?? [])],
  country: location?.country ?? null,
  highest_security: location?.isHighestSecurity ?? false,
});

/** An edge of the configuration, whose name is its id. */
export const toConfiguredJson = (edge: ConfiguredEdge): Static<typeof EdgeReply> => ({
  id: edge.name,
  name: edge.name,
  kind: edge.kind,
  environment: edge.environment,
  source: 'configuration',
  status: 'active',
  ...placeOf(edge.location),
  host: edge.host,
  port: edge.port,
  proved_by: ['handshake'],
  is_connected: true,
  lag_seconds: null,
  packs: 0,
  names: 0,
  problem: null,
  version: null,
  ...NO_TIMES,
});

const NO_TIMES = {
  created_on: null,
  enrolled_on: null,
  seen_on: null,
  drained_on: null,
  token_expires_on: null,
  certificate_expires_on: null,
};
