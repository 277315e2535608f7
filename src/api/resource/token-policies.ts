/** Cloudflare's policies of a token, as far as ours have them: zones, and reading or writing. docs/divergences.md. */
import { createHash } from 'node:crypto';
import { type Static, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import type { Access, Token } from '../../store/tokens.ts';
import { isHexId, type Permission } from '../http/auth.ts';

export const Policies = Type.Array(
  Type.Object({
    effect: Type.Enum(['allow', 'deny']),
    resources: Type.Record(Type.String(), Type.Unknown()),
    permission_groups: Type.Array(Type.Object({ id: Type.String() }), { minItems: 1 }),
  }),
  { minItems: 1, maxItems: 20 },
);

const NAMES: readonly Permission[] = [
  'SSL and Certificates Read',
  'SSL and Certificates Write',
  'Zone Read',
  'Zone Write',
];
const ZONE = 'com.cloudflare.api.account.zone.';
const ACCOUNT = 'com.cloudflare.api.account.';

/** What may be granted; the ids are of this service. */
export const PERMISSION_GROUPS = NAMES.map((name) => ({
  id: createHash('sha256').update(`permission ${name}`).digest('hex').slice(0, 32),
  name,
  scopes: ['com.cloudflare.api.account.zone'],
}));

/** What a token may, and where; no `zones`: in all of its account. */
interface Scope {
  readonly access: Access;
  readonly zones?: string[];
}

/**
 * What policies come to; never more than they say of writing. Throws `malformed_request` with a pointer for what a token
 * here cannot be.
 */
export function toScope(policies: Static<typeof Policies>): Scope {
  const scopes = policies.map(scopeOf);
  const [first] = scopes;
  if (!first || scopes.some(({ access }) => access !== first.access))
    throw refuse('/policies', 'differ in what they allow: make a token for each');
  if (scopes.some(({ zones }) => !zones)) return { access: first.access };
  return { access: first.access, zones: [...new Set(scopes.flatMap(({ zones = [] }) => zones))] };
}

function scopeOf(
  { effect, resources, permission_groups: groups }: Static<typeof Policies>[0],
  i: number,
): Scope {
  if (effect === 'deny')
    throw refuse(`/policies/${i}/effect`, 'is deny; tokens here are made of what they allow');
  const zones = Object.keys(resources).map((resource) => zoneOf(resource, `/policies/${i}/resources`));
  if (zones.length === 0) throw refuse(`/policies/${i}/resources`, 'names no zone');
  const access = accessOf(
    groups.map(({ id }) => id),
    `/policies/${i}/permission_groups`,
  );
  return zones.includes(undefined)
    ? { access }
    : { access, zones: zones.filter((zone) => zone !== undefined) };
}

function accessOf(ids: readonly string[], pointer: string): Access {
  const names = ids.map((id) => PERMISSION_GROUPS.find((group) => group.id === id)?.name);
  if (names.includes(undefined))
    throw refuse(pointer, 'has one that is not in /user/tokens/permission_groups');
  const isOfPacks = names.includes('SSL and Certificates Write');
  if (!names.includes('Zone Write')) return isOfPacks ? 'certificates' : 'read';
  if (isOfPacks) return 'write';
  throw refuse(pointer, "has 'Zone Write', which comes with 'SSL and Certificates Write' here");
}

/** Id of the zone that a resource names; undefined: all of the account. */
function zoneOf(resource: string, pointer: string): string | undefined {
  const name = resource.startsWith(ZONE) ? resource.slice(ZONE.length) : undefined;
  if (name === '*' || (name === undefined && resource.startsWith(ACCOUNT))) return undefined;
  if (name !== undefined && isHexId(name)) return name;
  throw refuse(pointer, `names ${resource.slice(0, 100)}; resources are ${ZONE}<zone id> or ${ZONE}*`);
}

const refuse = (pointer: string, why: string) =>
  new Fault('malformed_request', `${pointer.slice(1).replaceAll('/', '.')} ${why}`, { pointer });

/** The one policy that says what a token may. */
export const toPolicies = ({ id, access, zones }: Token) => [
  {
    id,
    effect: 'allow',
    resources: Object.fromEntries((zones ?? ['*']).map((zone) => [`${ZONE}${zone}`, '*'])),
    permission_groups: PERMISSION_GROUPS.filter(({ name }) => isGranted(access, name)).map((group) => ({
      id: group.id,
      name: group.name,
    })),
  },
];

const isGranted = (access: Access, name: Permission): boolean =>
  name.endsWith('Read') ||
  access === 'write' ||
  (access === 'certificates' && name === 'SSL and Certificates Write');
