/** The Universal pack of a zone: ordered, kept, switched off and on. Each in a transaction that holds the zone. */
import { Fault } from '../kit/fault.ts';
import { after, hours, type Seconds } from '../kit/time.ts';
import { isKept, may } from '../pack/lifecycle.ts';
import { isOff, nextOf, takenUpAt } from '../pack/managed.ts';
import type { CertificateAuthority, Pack, PackZone } from '../pack/pack.ts';
import { isSucceeded } from '../pack/renewal.ts';
import { isOpen } from '../pack/zone-life.ts';
import { lockManagedPacks, remindManaged } from '../store/managed.ts';
import { getDeeperZone } from '../store/names.ts';
import { deleteNextCertificates, promoteNextCertificates } from '../store/next-certificates.ts';
import { deleteOrders } from '../store/orders.ts';
import type { Tx } from '../store/store.ts';
import { amend, type By, override } from './advance.ts';
import { checkHosts } from './check-hosts.ts';
import { deleteHeld } from './delete-held.ts';
import type { ManagedDeps } from './managed-policy.ts';
import { orderManaged, supplierFor } from './order-managed.ts';
import { isRestartable, restart } from './restart.ts';

/** When it is tried again to order where nothing can be ordered now: no CA issues, or the name is not for the account. */
const TRY_AGAIN: Seconds = hours(1);

/** One that is for the edges: not the one of a pack and its backup that stands by. */
const isForEdges = ({ pair }: Pack): boolean => pair?.isStandby !== true;

/**
 * Sees to it that a zone with Universal on has its pack: orders one, puts what was taken off the edges there again as long as
 * its certificates are good, and takes up again what was given up long enough ago, or at once. A zone that is not active, or
 * paused, has to wait.
 */
export async function keepUniversal(
  tx: Tx,
  deps: ManagedDeps,
  zone: PackZone,
  { isAtOnce = false, ...by }: By & { readonly isAtOnce?: boolean } = {},
): Promise<void> {
  if (!isOpen(zone)) return;
  const now = deps.clock.now();
  const packs = await lockManagedPacks(tx, zone.id, 'universal');
  const pack = packs.findLast(isForEdges);
  if (!pack) return order(tx, deps, zone, by);
  const next = nextOf(pack, { isAtOnce, now });
  if (next === 'replace') return replace(tx, deps, pack, by);
  if (next === 'restart') await restart(tx, deps, pack, by);
  if (next === 'redeploy') await redeploy(tx, deps, pack, by);
  for (const other of packs.filter((one) => !isForEdges(one))) await rouse(tx, deps, other, now);
}

/** What stands by was not renewed while Universal was off, and its day may have come; what was given up is begun anew. */
async function rouse(tx: Tx, deps: ManagedDeps, pack: Pack, now: Date): Promise<void> {
  const at = takenUpAt(pack);
  if (at && at <= now && isRestartable(pack)) await restart(tx, deps, pack);
  else if (isKept(pack.status) && pack.renewal?.run === undefined) await amend(tx, deps, pack, {});
}

/** Takes all Universal packs of a zone off the edges, and keeps them; what has no certificates yet is deleted. */
export async function withdrawUniversal(tx: Tx, deps: ManagedDeps, zone: PackZone, by: By): Promise<void> {
  const packs = await lockManagedPacks(tx, zone.id, 'universal');
  for (const pack of packs.filter((one) => isForEdges(one) && !isOff(one))) {
    if (may(pack.status, 'withdraw')) await override(tx, deps, pack, { event: 'withdraw', ...by });
    else await remove(tx, deps, pack, by);
  }
}

/** A renewal that was under way when it was taken off has what it got by then, or begins anew when it is served. */
async function redeploy(tx: Tx, deps: ManagedDeps, pack: Pack, by: By): Promise<void> {
  const coming = isSucceeded(pack) ? pack.renewal?.run?.certificates : undefined;
  const certificates = coming ?? pack.certificates;
  await deleteOrders(tx, pack);
  if (coming) await promoteNextCertificates(tx, pack);
  else await deleteNextCertificates(tx, pack);
  await override(tx, deps, pack, { event: 'promote', certificates, renewal: undefined, ...by });
}

/** Another pack comes, from the next CA that issues. */
async function replace(tx: Tx, deps: ManagedDeps, pack: Pack, by: By): Promise<void> {
  await remove(tx, deps, pack, by);
  await order(tx, deps, pack.zone, { past: pack.certificateAuthority, ...by });
}

/** A pack goes with its backup, whichever of the two is for the edges. */
async function remove(tx: Tx, deps: ManagedDeps, pack: Pack, by: By): Promise<void> {
  const all = await lockManagedPacks(tx, pack.zone.id, 'universal');
  const ordered = pack.pair?.role === 'backup' && all.find(({ id }) => id === pack.pair?.other);
  await deleteHeld(tx, deps, ordered || pack, by);
}

/** Orders a pack at the first CA that issues; one of those behind a CA that got nowhere comes first. */
async function order(
  tx: Tx,
  deps: ManagedDeps,
  zone: PackZone,
  { past, ...by }: By & { readonly past?: CertificateAuthority | undefined },
): Promise<void> {
  const now = deps.clock.now();
  const names = await hostsFor(tx, zone);
  const from = supplierFor({ rows: deps.managed.rows, now, past }, names);
  if (from && (await isForAccount(tx, deps, zone, names)))
    await orderManaged(tx, deps, zone, { type: 'universal', names, from, ...by });
  else await remindManaged(tx, zone.id, after(now, TRY_AGAIN));
}

/** The apex, and the names directly below it unless one of them is a zone of its own: that sees to itself. */
async function hostsFor(tx: Tx, zone: PackZone): Promise<string[]> {
  const names = [zone.name, `*.${zone.name}`];
  return (await getDeeperZone(tx, zone, names)) ? [zone.name] : names;
}

/** Whether the operator's names leave it to the account: a zone may be older than what the operator says of them. */
async function isForAccount(
  tx: Tx,
  { names: policy }: ManagedDeps,
  zone: PackZone,
  names: readonly string[],
): Promise<boolean> {
  try {
    await checkHosts({ pool: tx, names: policy }, zone, names);
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}
