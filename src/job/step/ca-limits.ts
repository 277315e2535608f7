import { createHash } from 'node:crypto';
import { type Ca, type CaLimits, KEPT_FOR_RENEWALS } from '../../ca/ca.ts';
import { Fault } from '../../kit/fault.ts';
import { after, between } from '../../kit/time.ts';
import type { Work } from '../../operation/work.ts';
import { certificateNames } from '../../pack/branding.ts';
import { grantedWish } from '../../pack/granted-wish.ts';
import { toName, withoutWildcard } from '../../pack/hosts.ts';
import { registeredDomain } from '../../pack/name-policy.ts';
import type { Pack } from '../../pack/pack.ts';
import { RUNS } from '../../pack/run.ts';
import { algorithmsOf } from '../../pack/type.ts';
import { isOneOfMany } from '../../store/accounts.ts';
import { type Bucket, type Empty, look, pause, pausedUntil, take } from '../../store/ca-limits.ts';
import { transaction } from '../../store/store.ts';
import type { JobDeps } from '../job.ts';

/** In words: what is limited, of whom. */
const WORDS: Readonly<Record<keyof CaLimits, (subject: string) => string>> = {
  orders: () => 'new orders',
  domain: (subject) => `certificates for ${subject} and names below it`,
  duplicates: () => 'certificates for just these hosts',
  failures: (subject) => `failed validations of ${subject}`,
};

/**
 * Notes an order in the ledger that all processes share, before it is sent. Throws `ca_limited`, with the time when it
 * can be sent, where the CA would refuse it by a limit that it publishes, or asked to be left alone.
 */
export async function spendOrder(
  deps: JobDeps,
  { pack, run }: Pick<Work, 'pack' | 'run'>,
  { row }: Ca,
): Promise<void> {
  const { pool, clock } = deps;
  const now = clock.now();
  const domains = domainsOf(pack);
  const branding = brandingDomainOf(pack);
  const all = [...domains, ...branding];
  const paused = await pausedUntil(pool, row.name, all, now);
  if (paused) throw limited(`${row.name} asked not to be asked again for ${all.join(', ')}`, paused, now);
  const { isReplacing } = RUNS[run.kind];
  const kept = isReplacing ? () => 0 : ({ limit }: Bucket) => Math.floor(limit.most * KEPT_FOR_RENEWALS);
  const buckets = [
    ...(await orderBuckets(deps, pack, row)).map((one) => ({ ...one, spare: kept(one) })),
    // What renews a certificate for the same names is not counted (Let's Encrypt, rate limits, "exemptions").
    ...(isReplacing && hasNames(pack)
      ? []
      : [
          ...bucketsOf(row.limits, 'domain', domains),
          ...(await shared(deps, pack, bucketsOf(row.limits, 'domain', branding))),
        ]),
    ...bucketsOf(row.limits, 'duplicates', [setOf(pack)]).map((one) => ({ ...one, spare: kept(one) })),
  ];
  if (buckets.length === 0) return;
  const empty = await transaction(pool, (tx) => take(tx, row.name, buckets, now));
  if (empty) throw reached(row.name, empty, now, branding);
}

/** Whether the certificates that a pack has are for the same names as those that are got. */
const hasNames = (pack: Pack): boolean =>
  pack.certificates.every(({ hosts }) => certificateNames(pack).every((name) => hosts.includes(name)));

/** New orders of the account at the CA; where several of ours have one, it is shared out among them. */
async function orderBuckets(
  deps: JobDeps,
  pack: Pack,
  { limits, hasAccountPerTenant }: Ca['row'],
): Promise<readonly Bucket[]> {
  const buckets = bucketsOf(limits, 'orders', [hasAccountPerTenant ? pack.zone.accountId : '']);
  return hasAccountPerTenant ? buckets : shared(deps, pack, buckets);
}

/** Buckets of which all accounts take, so that none takes all. */
async function shared(
  { pool }: JobDeps,
  { zone: { accountId } }: Pack,
  buckets: readonly Bucket[],
): Promise<readonly Bucket[]> {
  const isShared = buckets.length > 0 && (await isOneOfMany(pool, accountId));
  return isShared ? buckets.map((one) => ({ ...one, taker: accountId })) : buckets;
}

/** Throws `ca_limited` where a host failed so often that the CA would not look at it now. */
export async function checkFailures(deps: JobDeps, { row }: Ca, hosts: readonly string[]): Promise<void> {
  const now = deps.clock.now();
  const empty = await look(deps.pool, row.name, bucketsOf(row.limits, 'failures', hosts), now);
  if (empty) throw reached(row.name, empty, now);
}

/** Notes that the CA did not find control of these hosts. */
export async function spendFailures(deps: JobDeps, { row }: Ca, hosts: readonly string[]): Promise<void> {
  for (const bucket of bucketsOf(row.limits, 'failures', hosts))
    await transaction(deps.pool, (tx) => take(tx, row.name, [bucket], deps.clock.now()));
}

/** Remembers a CA's own wish for patience for the domains of a pack, so that no other pack of theirs asks either. */
export async function rememberPatience(
  deps: JobDeps,
  { pack, run }: Pick<Work, 'pack' | 'run'>,
  { row }: Ca,
  error: unknown,
): Promise<void> {
  if (!(error instanceof Fault) || error.fault !== 'ca_refused' || error.retryAfter === undefined) return;
  const wish = grantedWish(error.retryAfter, run.attempts);
  // All branded packs wait for the branding domain: only where the CA speaks of it, behind the names that were ordered.
  const said = error.message.slice(error.message.indexOf(': '));
  const branding = brandingDomainOf(pack).filter((domain) => said.includes(domain));
  await pause(deps.pool, row.name, [...domainsOf(pack), ...branding], after(deps.clock.now(), wish));
}

/**
 * Until when another certificate for the same hosts would take one that the CA's limit leaves for the pack's renewal; undefined:
 * it takes none of these, or no limit is known.
 */
export async function reservedUntil(
  { pool, clock }: JobDeps,
  pack: Pack,
  { row }: Ca,
): Promise<Date | undefined> {
  const spare = algorithmsOf(pack).length;
  const buckets = bucketsOf(row.limits, 'duplicates', [setOf(pack)]).map((one) => ({ ...one, spare }));
  return (await look(pool, row.name, buckets, clock.now()))?.until;
}

function bucketsOf(
  limits: CaLimits | undefined,
  kind: keyof CaLimits,
  subjects: readonly string[],
): Bucket[] {
  const limit = limits?.[kind];
  return limit ? [...new Set(subjects)].map((subject) => ({ kind, subject, limit })) : [];
}

/** Registered domains of a pack's hosts. */
const domainsOf = ({ hosts }: Pick<Pack, 'hosts'>): string[] => [
  ...new Set(hosts.map((host) => registeredDomain(withoutWildcard(toName(host))))),
];

/** Registered domain of a pack's branded name, where none of its hosts is in it. */
function brandingDomainOf(pack: Pick<Pack, 'hosts' | 'brandedAs'>): string[] {
  const domain = pack.brandedAs === undefined ? undefined : registeredDomain(pack.brandedAs);
  return domain === undefined || domainsOf(pack).includes(domain) ? [] : [domain];
}

/** Stands for the set of a pack's names, in any order. */
const setOf = (pack: Pack): string =>
  createHash('sha256').update(certificateNames(pack).toSorted().join()).digest('hex');

function reached(
  ca: string,
  { bucket: { kind, subject, limit, spare = 0, taker }, until }: Empty,
  now: Date,
  branding: readonly string[] = [],
): Fault {
  const whose = kind === 'domain' && branding.includes(subject) ? OF_BRANDING : '';
  const what = `${isKind(kind) ? WORDS[kind](subject) : kind}${whose}`;
  const hours = Math.round(limit.within / 3_600);
  const kept = [spare > 0 && 'renewals', taker !== undefined && 'other accounts'].filter(Boolean);
  const less = kept.length > 0 ? `, but for what is kept for ${kept.join(' and ')}` : '';
  return limited(
    `${ca} takes ${limit.most} ${what} in ${hours} hours, and these were used up${less}`,
    until,
    now,
  );
}

/** Behind the limit that all certificates with a branded name share. */
const OF_BRANDING = ', one of which cloudflare_branding adds (an order without it does not wait for that),';

const isKind = (kind: string): kind is keyof CaLimits => Object.hasOwn(WORDS, kind);

function limited(why: string, until: Date, now: Date): Fault {
  const when = until
    .toISOString()
    .replace(/:\d\d\.\d+Z$/, '')
    .replace('T', ' ');
  const retryAfter = Math.ceil(between(now, until));
  return new Fault('ca_limited', `${why}; this goes on by itself at ${when} UTC`, { retryAfter });
}
