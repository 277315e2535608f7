import { isDeepStrictEqual } from 'node:util';
import { keyPlaceOf } from '../key/key.ts';
import { Fault } from '../kit/fault.ts';
import { type CustomHostname, type HostnameTerms, isShown, namesOf } from '../pack/custom-hostname.ts';
import { tlsOf } from '../pack/hostname-tls.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import type { CertificateAuthority, Pack, PackZone } from '../pack/pack.ts';
import type { ValidationMethod } from '../pack/validation-method.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { listKeyPairs } from '../store/certificates.ts';
import { getHostname, lockHostname, putHostname } from '../store/custom-hostnames.ts';
import { logChange } from '../store/edge-changes.ts';
import { type HostnamePack, listHostnamePacks } from '../store/hostname-packs.ts';
import { getPack, lockPack } from '../store/packs.ts';
import { type Tx, transaction } from '../store/store.ts';
import { holdZone, takeOrd } from '../store/zones.ts';
import { changeMethodHeld, OPEN } from './change-method.ts';
import { type GivenSsl, readSsl } from './create-custom-hostname.ts';
import type { GivenPair } from './hostname-certificates.ts';
import { hostnameEvent } from './hostname-event.ts';
import { hostnameNotFound, inWordsOfHostnames } from './hostname-faults.ts';
import { endUnserved, insertHostnamePack, type ManagedSsl } from './hostname-packs.ts';
import { checkTerms, type HostnameDeps } from './hostname-policy.ts';
import { isRestartable, restart } from './restart.ts';
import { retryNow } from './retry-now.ts';
import { spendChange } from './spend-wish.ts';

/** What certificates are to be; undefined: as they are. */
export interface SslChange {
  readonly method?: ValidationMethod | undefined;
  readonly certificateAuthority?: CertificateAuthority | undefined;
  readonly isBranded?: boolean | undefined;
  /** Certificates that are brought. */
  readonly pairs?: readonly GivenPair[] | undefined;
}

/** What a hostname is to be; undefined: as it is. */
export interface HostnameChange {
  readonly zone: PackZone;
  readonly id: string;
  /** What changes of it, given how it is. */
  readonly terms: (now: HostnameTerms) => HostnameTerms;
  readonly ssl?: SslChange | undefined;
  readonly by: Actor;
}

/** A hostname as it is changed, and the pack that it has. */
interface Seen {
  readonly hostname: CustomHostname;
  readonly own: HostnamePack | undefined;
  readonly pack: Pack | undefined;
}

/**
 * Changes a custom hostname: control of it is looked for at once. Other certificates come as another pack, in the place of the one
 * that is served until every edge has shown it; another way to show control, where that is still to be shown, changes the pack; and
 * where nothing changes what waits or ran out is tried again. Id of a new pack. Throws `hostname_not_found`, `hostname_fixed`,
 * `too_many_requests`, `pack_moved`, and as `createCustomHostname`.
 */
export async function changeCustomHostname(
  deps: HostnameDeps,
  change: HostnameChange,
): Promise<string | undefined> {
  const { zone, id } = change;
  const seen = await see(deps, zone.id, id);
  const to: CustomHostname = { ...seen.hostname, ...change.terms(seen.hostname) };
  await checkTerms(deps.pool, deps.hostnames, zone, to);
  const wanted = await wantedSsl(deps, seen, to, change.ssl ?? {});
  const names = namesOf(to);
  const ssl = await readSsl(deps, wanted, { zone, hostname: to.hostname, names, terms: to });
  return transaction(deps.pool, async (tx) => {
    const seat = ssl ? await takeOrd(tx, zone) : undefined;
    if (!seat) await holdZone(tx, zone.id);
    const changed = await put(tx, deps, { change, seen, isOther: ssl !== undefined });
    const { by } = change;
    if (!ssl || !seat) return keepPack(tx, deps, change, seen.own);
    // What is brought asks nothing of a CA.
    if (seen.pack && ssl.kind === 'managed') await spendChange(tx, deps, { ...seen.pack, id });
    const packId = await insertHostnamePack(tx, deps, ssl, { zone, hostname: changed, seat, by });
    await endUnserved(tx, deps, changed, { by });
    return packId;
  });
}

/** Writes what changes of the hostname itself. Throws `hostname_not_found`, or `pack_moved` where it has another pack meanwhile. */
async function put(
  tx: Tx,
  { clock }: HostnameDeps,
  {
    change,
    seen,
    isOther,
  }: { readonly change: HostnameChange; readonly seen: Seen; readonly isOther: boolean },
): Promise<CustomHostname> {
  const { zone, id, by } = change;
  const now = clock.now();
  const held = await lockHostname(tx, zone.id, id);
  if (!held || held.deletedOn) throw hostnameNotFound(id);
  const packs = await listHostnamePacks(tx, zone.id, id);
  if (packs.find(({ isCurrent }) => isCurrent)?.packId !== seen.own?.packId) throw moved(id);
  const isReplaced = isOther && seen.own !== undefined && isShown(held);
  const status = isReplaced ? 'active_redeploying' : held.status;
  const changed = { ...held, ...change.terms(held), status, modifiedOn: now, lookAt: now } as const;
  await putHostname(tx, changed);
  // Edges are told at once, whatever becomes of certificates.
  if (!isDeepStrictEqual(servedTerms(changed), servedTerms(held)))
    await logChange(tx, { environment: 'production', hosts: namesOf(held) }, now);
  await recordAudit(tx, hostnameEvent('change', changed, { accountId: zone.accountId, by }), now);
  return changed;
}

/** What edges are given of a hostname. */
const servedTerms = ({ settings, originServer, originSni }: HostnameTerms) => [
  tlsOf(settings),
  originServer,
  originSni,
];

async function see({ pool }: HostnameDeps, zoneId: string, id: string): Promise<Seen> {
  const hostname = await getHostname(pool, zoneId, id);
  if (!hostname) throw hostnameNotFound(id);
  if (hostname.deletedOn) throw new Fault('hostname_fixed', `custom hostname ${id} is being deleted`);
  const own = (await listHostnamePacks(pool, zoneId, id)).find(({ isCurrent }) => isCurrent);
  const pack = own && (await getPack(pool, zoneId, own.packId));
  return { hostname, own, pack: pack && !isLeaving(pack.status) ? pack : undefined };
}

const moved = (id: string): Fault =>
  new Fault('pack_moved', `the certificates of custom hostname ${id} were changed meanwhile; ask again`);

/** The certificates that are to come in the place of those there are; undefined: these stay. */
async function wantedSsl(
  deps: HostnameDeps,
  seen: Seen,
  to: CustomHostname,
  change: SslChange,
): Promise<GivenSsl | undefined> {
  if (change.pairs) return { kind: 'given', pairs: change.pairs };
  const { hostname, pack, own } = seen;
  const hasOtherNames = to.wildcard !== hostname.wildcard;
  if (pack?.type !== 'mh_custom' || change.method !== undefined)
    return wantedOfCa(pack, change, hasOtherNames);
  const isOther = hasOtherNames || to.bundleMethod !== hostname.bundleMethod;
  return isOther ? { kind: 'given', pairs: await storedPairs(deps, pack, own) } : undefined;
}

function wantedOfCa(
  pack: Pack | undefined,
  change: SslChange,
  hasOtherNames: boolean,
): ManagedSsl | undefined {
  const managed = pack?.type === 'managed_hostname' ? pack : undefined;
  const wanted = managedBy(managed, change);
  return wanted && managed && !hasOtherNames && isSame(managed, wanted) ? undefined : wanted;
}

/** Certificates that are got from a CA: what is not said is as in the pack that there is. Undefined: nobody wants any. */
function managedBy(
  pack: Pack | undefined,
  {
    method = pack?.validationMethod,
    certificateAuthority = pack?.certificateAuthority,
    isBranded = pack?.isBranded,
  }: SslChange,
): ManagedSsl | undefined {
  return method && { kind: 'managed', method, certificateAuthority, isBranded: isBranded ?? false };
}

/** Whether a pack is, or can be made, what is wanted. */
const isSame = (pack: Pack, { method, certificateAuthority, isBranded }: ManagedSsl): boolean =>
  pack.certificateAuthority === certificateAuthority &&
  pack.isBranded === isBranded &&
  (pack.validationMethod === method || OPEN.includes(pack.status));

/** What was sent for a pack, with the keys that are stored. */
export async function storedPairs(
  { pool, seal }: HostnameDeps,
  pack: Pack,
  own: HostnamePack | undefined,
): Promise<(GivenPair & { readonly id: string })[]> {
  const keys = await listKeyPairs(pool, pack);
  return pack.certificates.flatMap(({ algorithm, id }) => {
    const certificate = own?.sent?.[algorithm];
    const pair = keys.find((one) => one.algorithm === algorithm);
    if (certificate === undefined || !pair) return [];
    const key = keyPlaceOf(pack.type).open({ seal }, { pack, algorithm }, pair.sealedKey);
    return [{ id, certificate, key, pointer: '/ssl', isKept: true }];
  });
}

/** The pack stays: another way to show control, or another try. */
async function keepPack(
  tx: Tx,
  deps: HostnameDeps,
  { zone, ssl, by }: HostnameChange,
  own: HostnamePack | undefined,
): Promise<undefined> {
  const pack = own && (await lockPack(tx, zone.id, own.packId));
  if (!pack || isLeaving(pack.status)) return;
  const method = ssl?.method ?? pack.validationMethod;
  if (method !== undefined && pack.validationMethod !== undefined && method !== pack.validationMethod)
    await inWordsOfHostnames(() => changeMethodHeld(tx, deps, pack, { method, by }));
  else if (isRestartable(pack)) await tryAgain(tx, deps, pack, by);
  else await retryNow(tx, deps, pack, by);
}

/** An upload that ended is not begun anew: another one is sent. */
async function tryAgain(tx: Tx, deps: HostnameDeps, pack: Pack, by: Actor): Promise<void> {
  if (pack.type === 'mh_custom' && pack.status !== 'deployment_timed_out') return;
  await restart(tx, deps, pack, { by });
}
