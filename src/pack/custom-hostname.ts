/**
 * Custom hostnames (Cloudflare for SaaS): names of a zone's customers, elsewhere in DNS, of which each shows control by itself.
 * What is known of one, and what becomes of it by a look at whether control is shown. Pure. Terms:
 * - token: what is to be shown, at a TXT name or by a file; a CNAME that leads into the zone shows control too.
 * - owner: of all hostnames of one name, in whatever zones, the one of which control was shown last.
 */
import { after, between, days, type Seconds } from '../kit/time.ts';
import { lookDelay } from './backoff.ts';
import type { BundleMethod } from './pack.ts';
import type { Looked } from './zone-life.ts';

/** Cloudflare's, custom_hostnames, `status`. */
export const HOSTNAME_STATUSES = [
  'active',
  'pending',
  'active_redeploying',
  'moved',
  'pending_deletion',
  'deleted',
  'pending_blocked',
  'pending_migration',
  'pending_provisioned',
  'test_pending',
  'test_active',
  'test_active_apex',
  'test_blocked',
  'test_failed',
  'provisioned',
  'blocked',
] as const;
export type HostnameStatus = (typeof HOSTNAME_STATUSES)[number];

/** Settings of TLS, as they were given. */
export interface SslSettings {
  readonly ciphers?: readonly string[];
  readonly early_hints?: string;
  readonly http2?: string;
  readonly min_tls_version?: string;
  readonly tls_1_3?: string;
}

/** What its owner says of a hostname, beside what its certificates are. */
export interface HostnameTerms {
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly originServer: string | undefined;
  readonly originSni: string | undefined;
  readonly wildcard: boolean;
  readonly bundleMethod: BundleMethod;
  readonly settings: SslSettings;
}

export interface CustomHostname extends HostnameTerms {
  readonly id: string;
  readonly zoneId: string;
  readonly ord: number;
  /** In A-labels, without wildcard. */
  readonly hostname: string;
  readonly status: HostnameStatus;
  readonly token: string;
  readonly errors: readonly string[];
  readonly createdOn: Date;
  readonly modifiedOn: Date;
  readonly looks: number;
  readonly lookAt: Date | undefined;
  readonly absentSince: Date | undefined;
  readonly deletedOn: Date | undefined;
}

/** Name of the TXT record with the token (Cloudflare, pre-validation). */
export const ownershipName = (hostname: string): string => `_cf-custom-hostname.${hostname}`;

/** Where the file with the token is, below every hostname; its name is the hostname's id. */
export const OWNERSHIP_PATH = '/.well-known/cf-custom-hostname-challenge/';

/** URL of the file with the token. */
export const ownershipUrl = ({ hostname, id }: Pick<CustomHostname, 'hostname' | 'id'>): string =>
  `http://${hostname}${OWNERSHIP_PATH}${id}`;

/** The names that its certificates are for. */
export const namesOf = ({ hostname, wildcard }: Pick<CustomHostname, 'hostname' | 'wildcard'>): string[] =>
  wildcard ? [hostname, `*.${hostname}`] : [hostname];

/** In the words of Cloudflare, where nothing was seen. */
export const NO_CNAME = 'custom hostname does not CNAME to this zone.';

const ACTIVE: readonly HostnameStatus[] = ['active', 'active_redeploying'];
/** Whether control of a hostname was shown, and is as far as is known. */
export const isShown = ({ status }: Pick<CustomHostname, 'status'>): boolean => ACTIVE.includes(status);

/** How long control has to be absent for certain until a hostname is `moved` (Cloudflare: seven days). */
const MOVED_AFTER: Seconds = days(7);
/** The same where it cannot be told. */
const LOST_AFTER: Seconds = days(14);
const DAILY: Seconds = days(1);

/** What a look changes. */
export type AfterLook = Pick<CustomHostname, 'status' | 'errors' | 'looks' | 'lookAt' | 'absentSince'>;

/**
 * Whether a CNAME into its zone says nothing for a hostname: another has shown control since, and this one's CNAME was not seen to lead
 * elsewhere since then. It may be what was there before, and whoever lost a name would take it back by it for ever.
 */
export const isAliasOld = ({
  status,
  absentSince,
}: Pick<CustomHostname, 'status' | 'absentSince'>): boolean =>
  status === 'moved' && absentSince === undefined;

/** A hostname of which control was seen: it is looked at once a day, apart from the others by its id. */
export const afterShown = ({ status, id }: CustomHostname, now: Date): AfterLook => ({
  status: ACTIVE.includes(status) ? status : 'active',
  errors: [],
  looks: 0,
  lookAt: after(now, DAILY + spread(id)),
  absentSince: undefined,
});

/** Up to an hour, the same for each id. */
const spread = (id: string): Seconds => Number.parseInt(id.slice(0, 4), 16) % 3_600;

/** What was seen of a hostname of which control was not. */
interface Missing {
  readonly looked: Exclude<Looked, 'shown'>;
  readonly errors: readonly string[];
  /** Whether no CNAME leads into its zone for certain. */
  readonly isLedElsewhere?: boolean | undefined;
}

/** One of which control was not seen: it waits for that, by the schedule of validation, or is `moved` after a while. */
export function afterMissing(
  one: CustomHostname,
  { looked, errors, isLedElsewhere = false }: Missing,
  now: Date,
): AfterLook {
  const looks = one.looks + 1;
  if (!ACTIVE.includes(one.status)) {
    const status = one.status === 'moved' ? 'moved' : 'pending';
    const since = one.absentSince ?? (isLedElsewhere ? now : undefined);
    const absentSince = status === 'moved' ? since : undefined;
    return { status, errors, looks, lookAt: after(now, nextDelay(one, looks, now)), absentSince };
  }
  const absentSince = one.absentSince ?? now;
  const isOver = between(absentSince, now) >= (looked === 'absent' ? MOVED_AFTER : LOST_AFTER);
  const lookAt = after(now, Math.max(lookDelay(looks), 600));
  if (!isOver) return { status: one.status, errors: [], looks, lookAt, absentSince };
  return { status: 'moved', errors, looks: 0, lookAt, absentSince };
}

/** What nobody showed for long is looked at less and less, and at once when it is changed. */
const nextDelay = ({ createdOn }: CustomHostname, looks: number, now: Date): Seconds =>
  between(createdOn, now) > days(15) ? DAILY : lookDelay(looks - 1);

/** One that another took: of which control was shown after this one. It gets another token, as the old one may stay published. */
export const afterTaken = (now: Date): AfterLook => ({
  status: 'moved',
  errors: [NO_CNAME],
  looks: 0,
  lookAt: after(now, DAILY),
  absentSince: undefined,
});

/** One that the operator keeps for others. */
export const afterBlocked = (one: CustomHostname, now: Date): AfterLook => ({
  status: ACTIVE.includes(one.status) || one.status === 'blocked' ? 'blocked' : 'pending_blocked',
  errors: [`${one.hostname} is kept by the operator of this service; where it is yours, ask there`],
  looks: one.looks + 1,
  lookAt: after(now, DAILY),
  absentSince: undefined,
});

export const ORIGIN_STATUSES = [
  'initializing',
  'pending_deployment',
  'pending_deletion',
  'active',
  'deployment_timed_out',
  'deletion_timed_out',
] as const;
/** Of a fallback origin: Cloudflare's. */
export type OriginStatus = (typeof ORIGIN_STATUSES)[number];

/** Where customers of a zone are sent that have no origin of their own. */
export interface FallbackOrigin {
  readonly origin: string;
  readonly status: OriginStatus;
  readonly errors: readonly string[];
  readonly createdOn: Date;
  readonly updatedOn: Date;
  readonly lookAt: Date | undefined;
}
