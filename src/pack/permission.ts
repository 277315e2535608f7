/** What a token may: Cloudflare's permission groups, each for zones or for the account. */

/** Of what a permission is. */
export type Scope = 'zone' | 'account';

interface PermissionRow {
  /** Cloudflare's id of the permission group. */
  readonly id: string;
  readonly scope: Scope;
  /** The permission that it includes. */
  readonly reads?: string;
}

// biome-ignore format: a table is read by column
export const PERMISSIONS = {
  'SSL and Certificates Read':  { id: '7b7216b327b04b8fbc8f524e1f9b7531', scope: 'zone' },
  'SSL and Certificates Write': { id: 'c03055bc037c4ea9afb9a9f104b7b721', scope: 'zone', reads: 'SSL and Certificates Read' },
  'Zone Read':                  { id: 'c8fed203ed3043cba015a93ad1616f1f', scope: 'zone' },
  'Zone Write':                 { id: 'e6d2666161e84845a636613608cee8d5', scope: 'zone', reads: 'Zone Read' },
  'DNS Read':                   { id: '82e64a83756745bbbb1c9c2701bf816b', scope: 'zone' },
  'DNS Write':                  { id: '4755a26eedb94da69e1066d98aa820be', scope: 'zone', reads: 'DNS Read' },
  'Account Settings Read':      { id: 'c1fde68c7bcc44588cbb6ddbc16d6480', scope: 'account' },
  'API Tokens Read':            { id: '0cc3a61731504c89b99ec1be78b77aa0', scope: 'account' },
  'API Tokens Write':           { id: '686d18d5ac6c441c867cbf6771e58a0a', scope: 'account', reads: 'API Tokens Read' },
  'Notifications Read':         { id: 'ce18edbdcebf465e9d6d1d2fc80ffd42', scope: 'account' },
  'Notifications Write':        { id: 'c3c847c5802d4ce3ba00e3e97b3c8555', scope: 'account', reads: 'Notifications Read' },
} as const satisfies Record<string, PermissionRow>;

/** A permission by Cloudflare's name of its group. */
export type Permission = keyof typeof PERMISSIONS;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant are known
export const PERMISSION_NAMES = Object.keys(PERMISSIONS) as Permission[];

/** One grant: each permission for what it is of, zones or the account. */
export interface Policy {
  readonly id: string;
  readonly permissions: readonly Permission[];
  /** Whether permissions of the account are for the token's account; else they are for nothing. */
  readonly isOfAccount: boolean;
  /** Ids of the zones that permissions of zones are for, or all of the account. */
  readonly zones: 'all' | readonly string[];
  /** Whether "all zones" was written as all zones in the account, not as all zones: both are the same here. */
  readonly isNested?: boolean;
}

const rowOf = (permission: Permission): PermissionRow => PERMISSIONS[permission];

/** Whether a policy has a permission, or one that includes it. */
const grants = ({ permissions }: Policy, wanted: Permission): boolean =>
  permissions.some((one) => one === wanted || rowOf(one).reads === wanted);

/** Zones in which the permission is given: all, some, or none. */
export function zonesWith(policies: readonly Policy[], permission: Permission): 'all' | readonly string[] {
  const granted = policies.filter((policy) => grants(policy, permission)).map(({ zones }) => zones);
  return granted.includes('all') ? 'all' : [...new Set(granted.flat())];
}

/** Whether a permission of zones is given in one. */
export function isGrantedIn(policies: readonly Policy[], permission: Permission, zoneId: string): boolean {
  const zones = zonesWith(policies, permission);
  return zones === 'all' || zones.includes(zoneId);
}

/** Whether a permission is given for all that it is of: every zone, or the account. */
export function isGranted(policies: readonly Policy[], permission: Permission): boolean {
  if (rowOf(permission).scope === 'zone') return zonesWith(policies, permission) === 'all';
  return policies.some((policy) => policy.isOfAccount && grants(policy, permission));
}

/** Whether a permission is given for anything that it is of. */
export const isGrantedAnywhere = (policies: readonly Policy[], permission: Permission): boolean =>
  rowOf(permission).scope === 'zone'
    ? zonesWith(policies, permission).length > 0
    : isGranted(policies, permission);

/** A permission that a policy gives and others do not, and where. */
export interface Excess {
  /** Which of the policies. */
  readonly index: number;
  readonly permission: Permission;
  /** Undefined: for all zones, or the account. */
  readonly zoneId?: string;
}

/** What `policies` give beyond `bounds`; undefined where that is nothing. */
export function excessOf(policies: readonly Policy[], bounds: readonly Policy[]): Excess | undefined {
  for (const [index, policy] of policies.entries())
    for (const permission of policy.permissions) {
      const zoneId = firstBeyond(policy, permission, bounds);
      if (zoneId !== undefined) return { index, permission, ...(zoneId !== '' && { zoneId }) };
    }
  return undefined;
}

/** Where a policy gives a permission beyond `bounds`: a zone, '' for all or the account, undefined for nowhere. */
function firstBeyond(policy: Policy, permission: Permission, bounds: readonly Policy[]): string | undefined {
  if (rowOf(permission).scope === 'account')
    return policy.isOfAccount && !isGranted(bounds, permission) ? '' : undefined;
  if (policy.zones === 'all') return isGranted(bounds, permission) ? undefined : '';
  return policy.zones.find((zoneId) => !isGrantedIn(bounds, permission, zoneId));
}

/** What a token that is made without the API may: read, write packs and read the rest, or all. */
export type Access = 'read' | 'certificates' | 'write';

// biome-ignore format: a table is read by column
const OF_ACCESS: Readonly<Record<Access, readonly Permission[]>> = {
  read:         ['SSL and Certificates Read', 'Zone Read', 'DNS Read', 'Account Settings Read', 'API Tokens Read', 'Notifications Read'],
  certificates: ['SSL and Certificates Write', 'Zone Read', 'DNS Read', 'Account Settings Read', 'API Tokens Read', 'Notifications Read'],
  write:        ['SSL and Certificates Write', 'Zone Write', 'DNS Write', 'Account Settings Read', 'API Tokens Write', 'Notifications Write'],
};

/** The policy of an access: in some zones, or in all and for the account. */
export function policyFor(id: string, access: Access, zones?: readonly string[]): Policy {
  const permissions = OF_ACCESS[access].filter((one) => !zones || rowOf(one).scope === 'zone');
  return { id, permissions, isOfAccount: !zones, zones: zones ?? 'all' };
}
