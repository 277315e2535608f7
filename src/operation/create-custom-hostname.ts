import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { type CustomHostname, type HostnameTerms, namesOf } from '../pack/custom-hostname.ts';
import type { PackZone } from '../pack/pack.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { getHostname, insertHostname } from '../store/custom-hostnames.ts';
import { getHostnameOf } from '../store/hostname-packs.ts';
import { putOrderRequest } from '../store/order-requests.ts';
import { transaction } from '../store/store.ts';
import { takeOrd } from '../store/zones.ts';
import { type GivenPair, readPairs } from './hostname-certificates.ts';
import { asUploaded, withKeys } from './hostname-csrs.ts';
import { hostnameEvent } from './hostname-event.ts';
import { insertHostnamePack, type ManagedSsl, type PackIds, type Ssl, supplierOf } from './hostname-packs.ts';
import { checkHostnameQuota, checkKept, checkTerms, type HostnameDeps } from './hostname-policy.ts';
import { deactivated } from './locked-zone.ts';
import { type MakingRequest, repeated } from './repeated.ts';

/** Certificates as they are asked for: from a CA, or brought. */
export type GivenSsl = ManagedSsl | { readonly kind: 'given'; readonly pairs: readonly GivenPair[] };

/** A hostname that somebody wants, with the request that it came by. */
export interface HostnameAsk extends MakingRequest {
  readonly zone: PackZone;
  /** In A-labels. */
  readonly hostname: string;
  readonly terms: HostnameTerms;
  /** Undefined: no certificate. */
  readonly ssl: GivenSsl | undefined;
  readonly by: Actor;
  /** Where it is not to be a random one. */
  readonly id?: string | undefined;
  /** The same of its pack and certificates, where these are brought. */
  readonly packIds?: PackIds | undefined;
}

/** A hostname that was made, now or by an earlier request that this one repeats. */
export interface MadeHostname {
  readonly id: string;
  /** Of its pack, where one was made now. */
  readonly packId?: string | undefined;
}

/**
 * Makes a custom hostname in a zone, with its certificate pack: control of it is looked for from now on. Throws `hostname_exists`,
 * `hostname_quota_none`, `quota_reached`, `zone_not_active`, `zone_deactivated`, `zone_not_found`, and what the checks of its terms and
 * certificates throw, with a pointer.
 */
export async function createCustomHostname(deps: HostnameDeps, ask: HostnameAsk): Promise<MadeHostname> {
  const { zone, hostname, terms, by } = ask;
  const earlier = await madeEarlier(deps, ask);
  if (earlier !== undefined) return { id: earlier };
  await checkKept(deps, zone, hostname);
  await checkTerms(deps.pool, deps.hostnames, zone, terms);
  const names = namesOf({ hostname, wildcard: terms.wildcard });
  const ssl = await readSsl(deps, ask.ssl, { zone, hostname, names, terms });
  return transaction(deps.pool, async (tx) => {
    const seat = await takeOrd(tx, zone);
    if (seat.zone.isDeactivated) throw deactivated(zone.name);
    await checkHostnameQuota(tx, deps, zone, { names, hasPack: ssl !== undefined });
    const made = newHostname(ask, { ord: seat.ord, now: deps.clock.now() });
    if (!(await insertHostname(tx, made))) throw exists(hostname, zone);
    await recordAudit(tx, hostnameEvent('create', made, { accountId: zone.accountId, by }), made.createdOn);
    if (!ssl) return { id: made.id };
    const packId = await insertHostnamePack(tx, deps, ssl, {
      zone,
      hostname: made,
      seat,
      by,
      ids: ask.packIds,
    });
    await putOrderRequest(tx, ask.request, packId, made.createdOn);
    return { id: made.id, packId };
  });
}

/** The hostname that this request made before. Whoever deleted one and makes it anew tries that again, and not what is going. */
async function madeEarlier(deps: HostnameDeps, ask: HostnameAsk): Promise<string | undefined> {
  const { zone, request } = ask;
  const packId = ask.ssl && (await repeated(deps, ask));
  const of = packId === undefined ? undefined : await getHostnameOf(deps.pool, { id: packId, zone });
  if (!of || request.key !== undefined) return of?.hostnameId;
  const found = await getHostname(deps.pool, zone.id, of.hostnameId);
  return found && !found.deletedOn ? of.hostnameId : undefined;
}

/** A hostname as its certificates are read for it. */
interface Wanted {
  readonly zone: PackZone;
  readonly hostname: string;
  readonly names: readonly string[];
  readonly terms: HostnameTerms;
}

/** Certificates as they are stored: those that were brought are read. Throws as `readPairs`, and `ssl_csr_not_found`. */
export async function readSsl(
  deps: HostnameDeps,
  ssl: GivenSsl | undefined,
  { zone, hostname, names, terms: { bundleMethod } }: Wanted,
): Promise<Ssl | undefined> {
  if (ssl?.kind === 'managed') supplierOf(deps, names, ssl);
  if (ssl?.kind !== 'given') return ssl;
  const rules = { hostname, bundleMethod, trust: deps.trust, now: deps.clock.now() };
  const pairs = await withKeys(deps, zone, ssl.pairs);
  return asUploaded(deps, zone, { uploads: readPairs(pairs, rules), pairs });
}

const newHostname = (
  { zone, hostname, terms, id = newUuid() }: HostnameAsk,
  { ord, now }: { readonly ord: number; readonly now: Date },
): CustomHostname => ({
  ...terms,
  id,
  zoneId: zone.id,
  ord,
  hostname,
  status: 'pending',
  token: newUuid(),
  errors: [],
  createdOn: now,
  modifiedOn: now,
  looks: 0,
  lookAt: now,
  absentSince: undefined,
  deletedOn: undefined,
});

const exists = (hostname: string, zone: PackZone): Fault =>
  new Fault('hostname_exists', `the zone ${zone.name} has the custom hostname ${hostname} already`, {
    pointer: '/hostname',
  });
