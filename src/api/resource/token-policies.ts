/**
 * Cloudflare's policies of a token, exactly as it documents them: what is not known here, or would not be kept to, is refused
 * with a pointer, and nothing ever becomes more than it says. docs/divergences.md.
 */
import { type Static, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { newHexId } from '../../kit/id.ts';
import {
  PERMISSION_NAMES,
  PERMISSIONS,
  type Permission,
  type Policy,
  type Scope,
} from '../../pack/permission.ts';
import { isHexId } from '../http/auth.ts';

const Group = Type.Object(
  {
    id: Type.String(),
    name: Type.Optional(Type.String()),
    meta: Type.Optional(Type.Record(Type.String(), Type.String())),
  },
  { additionalProperties: false },
);

export const Policies = Type.Array(
  Type.Object(
    {
      id: Type.Optional(Type.String()),
      effect: Type.Enum(['allow', 'deny']),
      resources: Type.Record(Type.String(), Type.Unknown()),
      permission_groups: Type.Array(Group, { minItems: 1, maxItems: 50 }),
    },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: 20 },
);

/** A policy as it is answered. */
export const PolicyReply = Type.Object({
  id: Type.String(),
  effect: Type.Literal('allow'),
  resources: Type.Record(
    Type.String(),
    Type.Union([Type.String(), Type.Record(Type.String(), Type.String())]),
  ),
  permission_groups: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
});

/** What may be granted, as Cloudflare lists it. */
export const PERMISSION_GROUPS = PERMISSION_NAMES.map((name) => ({
  id: PERMISSIONS[name].id,
  name,
  scopes: [
    PERMISSIONS[name].scope === 'zone' ? 'com.cloudflare.api.account.zone' : 'com.cloudflare.api.account',
  ],
}));

const ACCOUNT = 'com.cloudflare.api.account.';
const ZONE = 'com.cloudflare.api.account.zone.';
/** Most zones that the policies of one token name. */
const MOST_ZONES = 500;

/** The policies of a request, for a token of that account. Throws `malformed_request` with a pointer. */
export function toPolicies(given: Static<typeof Policies>, accountId: string): Policy[] {
  const policies = given.map((one, i) => toPolicy(one, `/policies/${i}`, accountId));
  const named = policies.reduce((sum, { zones }) => sum + (zones === 'all' ? 0 : zones.length), 0);
  if (named > MOST_ZONES)
    throw refuse('/policies', `name ${named} zones; a token takes ${MOST_ZONES}, or all`);
  return policies;
}

function toPolicy(
  { id, effect, resources, permission_groups: groups }: Static<typeof Policies>[0],
  pointer: string,
  accountId: string,
): Policy {
  if (effect === 'deny')
    throw refuse(`${pointer}/effect`, 'is deny; tokens here are made of what they allow');
  const reach = toReach(resources, `${pointer}/resources`, accountId);
  const permissions = groups.map((group) => toPermission(group, `${pointer}/permission_groups`));
  // A permission is for the resources of its kind alone; a policy in which none is for any would grant nothing.
  if (!permissions.some((one) => isOf(reach, PERMISSIONS[one].scope)))
    throw refuse(`${pointer}/permission_groups`, missesIts(permissions[0]));
  return {
    id: id !== undefined && isHexId(id) ? id : newHexId(),
    permissions: [...new Set(permissions)],
    ...reach,
  };
}

const missesIts = (permission: Permission = 'Zone Read'): string => {
  const { scope } = PERMISSIONS[permission];
  const where = scope === 'zone' ? `${ZONE}<zone id> or ${ZONE}*` : `${ACCOUNT}<account id>`;
  return `has '${permission}', which is of ${scope}s, and resources names none: ${where}`;
};

function toPermission({ id, name }: Static<typeof Group>, pointer: string): Permission {
  const found = PERMISSION_GROUPS.find((group) => group.id === id);
  if (!found)
    throw refuse(
      pointer,
      `has ${JSON.stringify(id.slice(0, 64))}, which is not in /user/tokens/permission_groups`,
    );
  if (name !== undefined && name !== found.name)
    throw refuse(pointer, `has ${id} as ${JSON.stringify(name.slice(0, 64))}, but that is '${found.name}'`);
  return found.name;
}

type Reach = Pick<Policy, 'isOfAccount' | 'zones' | 'isNested'>;

const isOf = ({ isOfAccount, zones }: Reach, scope: Scope): boolean =>
  scope === 'account' ? isOfAccount : zones === 'all' || zones.length > 0;

/** All that resources name: the account, and zones. */
function toReach(resources: Readonly<Record<string, unknown>>, pointer: string, accountId: string): Reach {
  const reaches = Object.entries(resources).map(([name, what]) =>
    reachOf(name, what, { pointer, accountId }),
  );
  if (reaches.length === 0) throw refuse(pointer, 'names nothing');
  return together(reaches);
}

function together(reaches: readonly Reach[]): Reach {
  const isAll = reaches.some(({ zones }) => zones === 'all');
  return {
    isOfAccount: reaches.some(({ isOfAccount }) => isOfAccount),
    zones: isAll ? 'all' : [...new Set(reaches.flatMap(({ zones }) => (zones === 'all' ? [] : zones)))],
    ...(reaches.some(({ isNested }) => isNested) && { isNested: true }),
  };
}

interface Where {
  readonly pointer: string;
  readonly accountId: string;
}

/** What one resource names. Everything has to be as Cloudflare writes it: a typo is no wildcard. */
function reachOf(name: string, what: unknown, { pointer, accountId }: Where): Reach {
  if (name.startsWith(ZONE)) return zonesOf(name.slice(ZONE.length), what, pointer);
  const isAccount = name === `${ACCOUNT}${accountId}`;
  // All accounts: a token has one.
  if (what === '*' && (isAccount || name === `${ACCOUNT}*`)) return { isOfAccount: true, zones: [] };
  if (!isAccount) throw refuse(pointer, unknownResource(name, accountId));
  if (typeof what !== 'object' || what === null || Object.keys(what).length === 0)
    throw refuse(pointer, `has ${name} with something else than "*" or zones in it`);
  const inside = Object.entries(what).map(([zone, all]) => {
    if (zone.startsWith(ZONE)) return zonesOf(zone.slice(ZONE.length), all, pointer);
    throw refuse(pointer, unknownResource(zone, accountId));
  });
  return { ...together(inside), isNested: true };
}

function zonesOf(id: string, what: unknown, pointer: string): Reach {
  if (what !== '*') throw refuse(pointer, `has ${ZONE}${id.slice(0, 64)} with something else than "*"`);
  if (id === '*') return { isOfAccount: false, zones: 'all' };
  if (isHexId(id)) return { isOfAccount: false, zones: [id] };
  throw refuse(pointer, `names ${ZONE}${id.slice(0, 64)}, which is no id of a zone`);
}

const unknownResource = (name: string, accountId: string): string =>
  `names ${JSON.stringify(name.slice(0, 100))}; resources here are ${ZONE}<zone id>, ${ZONE}*, and ${ACCOUNT}${accountId}`;

const refuse = (pointer: string, why: string) =>
  new Fault('malformed_request', `${pointer.slice(1).replaceAll('/', '.')} ${why}`, { pointer });

/** Policies as they are answered: as they were given. */
export const toPolicyReplies = (
  policies: readonly Policy[],
  accountId: string,
): Static<typeof PolicyReply>[] =>
  policies.map((policy) => ({
    id: policy.id,
    effect: 'allow',
    resources: toResources(policy, accountId),
    permission_groups: policy.permissions.map((name) => ({ id: PERMISSIONS[name].id, name })),
  }));

function toResources({ isOfAccount, zones, isNested }: Policy, accountId: string) {
  const account = `${ACCOUNT}${accountId}`;
  const ids = zones === 'all' ? ['*'] : zones;
  const named = Object.fromEntries(ids.map((id) => [`${ZONE}${id}`, '*']));
  if (isNested && !isOfAccount) return { [account]: named };
  return { ...(isOfAccount && { [account]: '*' }), ...named };
}
