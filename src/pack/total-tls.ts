/**
 * Which names Total TLS has packs for: those of proxied records that no other pack covers. Terms:
 * - cover: have a host that is good for a name, on the edges or soon.
 * - opt out: of a name, get no pack any more, because somebody deleted the one it had.
 */
import { Fault } from '../kit/fault.ts';
import { after, days, hours, type Seconds } from '../kit/time.ts';
import { isWildcard, toName } from './hosts.ts';
import type { Pack, PackStatus } from './pack.ts';
import { restrictionOf } from './region.ts';

/** Days that its certificates are valid, where the CA issues for so long (Cloudflare). */
export const TOTAL_TLS_DAYS = 90 as const;

/** Longest name: a Common Name has no more characters (RFC 5280, ub-common-name; Cloudflare). */
const LONGEST_NAME = 64;

/** How long a pack is waited for in one status until its names are covered otherwise. */
const PATIENCE: Seconds = hours(1);

/** How long a pack is kept off the edges whose record is gone, or is proxied no more: records come back. */
export const REST: Seconds = days(1);

/** Whether a certificate can be had for the name of a record, in A-labels. */
export function isCertifiable(name: string): boolean {
  if (name.length > LONGEST_NAME) return false;
  try {
    return toName(name) === name;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** What tells how far a pack covers its hosts. */
export type Covering = Pick<Pack, 'status' | 'statusSince' | 'environment'> & {
  readonly isStandby: boolean;
  /** Whether its key is kept to regions: clients elsewhere are shown what comes next, or nothing. */
  readonly isRestricted: boolean;
};

/** Certificates are there, and on the edges or on the way there. */
const COVERS: readonly PackStatus[] = [
  'active',
  'pending_deployment',
  'holding_deployment',
  'deployment_timed_out',
];
const COMES: readonly PackStatus[] = ['initializing', 'pending_validation', 'pending_issuance'];

/**
 * How a pack covers its hosts: it does, or will; what will expire, is off, is for the staging edges or is not served everywhere
 * does not.
 */
export function coverOf({
  status,
  environment,
  isStandby,
  isRestricted,
}: Omit<Covering, 'statusSince'>): 'covers' | 'comes' | undefined {
  if (environment !== 'production' || isStandby || isRestricted) return undefined;
  if (COVERS.includes(status)) return 'covers';
  return COMES.includes(status) ? 'comes' : undefined;
}

/** Whether a name is covered by any of these packs; if not, until when those that come are waited for. */
export function coverBy(
  packs: readonly Covering[],
  now: Date,
): { readonly isCovered: boolean; readonly waitUntil?: Date } {
  if (packs.some((pack) => coverOf(pack) === 'covers')) return { isCovered: true };
  const ends = packs
    .filter((pack) => coverOf(pack) === 'comes')
    .map(({ statusSince }) => after(statusSince, PATIENCE))
    .filter((end) => end > now);
  const last = ends.toSorted((a, b) => b.getTime() - a.getTime())[0];
  return { isCovered: false, ...(last && { waitUntil: last }) };
}

const RANKS = { covers: 2, comes: 1 } as const;
const rankOf = (pack: Pack): number => {
  const isRestricted = restrictionOf(pack) !== undefined;
  const cover = coverOf({ ...pack, isStandby: pack.pair?.isStandby ?? false, isRestricted });
  return cover ? RANKS[cover] : 0;
};

/** Whether a pack, from what it was, covers its hosts less: names of records may need packs of their own. */
export function uncovers(from: Pack, to: Pack): boolean {
  // One of Total TLS covers none but its own name, unless it is for a wildcard record.
  if (from.type === 'total_tls' && !from.hosts.some(isWildcard)) return false;
  const isMoved = from.status !== to.status || from.environment !== to.environment;
  return isMoved && rankOf(to) < rankOf(from);
}
