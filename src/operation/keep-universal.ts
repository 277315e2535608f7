/** The Universal pack of a zone: ordered, kept, switched off and on. Each in a transaction that holds the zone. */
import { Fault } from '../kit/fault.ts';
import { after, hours, type Seconds } from '../kit/time.ts';
import { may } from '../pack/lifecycle.ts';
import { isOff, takenUpAt } from '../pack/managed.ts';
import type { CertificateAuthority, Pack, PackZone } from '../pack/pack.ts';
import { isOver, isSucceeded } from '../pack/renewal.ts';
import { lockManagedPacks, remindManaged } from '../store/managed.ts';
import { getDeeperZone } from '../store/names.ts';
import { deleteNextCertificates, promoteNextCertificates } from '../store/next-certificates.ts';
import { deleteOrders } from '../store/orders.ts';
import type { Tx } from '../store/store.ts';
import { type By, override } from './advance.ts';
import { checkHosts } from './check-hosts.ts';
import type { ManagedDeps } from './managed-policy.ts';
import { orderManaged, supplierFor } from './order-managed.ts';
import { releaseNames } from './release-names.ts';
import { isRestartable, restart } from './restart.ts';

/** When it is tried again to order where nothing can be ordered now: no CA issues, or the name is not for the account. */
const TRY_AGAIN: Seconds = hours(1);

/** Sees to it that a zone with Universal on has its pack: orders one, and takes up again what was given up long enough ago. */
export async function keepUniversal(tx: Tx, deps: ManagedDeps, zone: PackZone, by: By = {}): Promise<void> {
  const packs = await lockManagedPacks(tx, zone.id, 'universal');
  const last = packs.at(-1);
  if (!last) return order(tx, deps, zone, by);
  const at = takenUpAt(last);
  if (at && at <= deps.clock.now()) await takeUp(tx, deps, last);
}

/** Takes all Universal packs of a zone off the edges, and keeps them; what has no certificates yet is deleted. */
export async function withdrawUniversal(tx: Tx, deps: ManagedDeps, zone: PackZone, by: By): Promise<void> {
  for (const pack of await lockManagedPacks(tx, zone.id, 'universal')) {
    if (isOff(pack)) continue;
    if (may(pack.status, 'withdraw')) await override(tx, deps, pack, { event: 'withdraw', ...by });
    else await remove(tx, deps, pack, by);
  }
}

/** Puts what was taken off the edges there again, as long as its certificates are good; else a new pack is ordered. */
export async function redeployUniversal(tx: Tx, deps: ManagedDeps, zone: PackZone, by: By): Promise<void> {
  const now = deps.clock.now();
  for (const pack of (await lockManagedPacks(tx, zone.id, 'universal')).filter(isOff)) {
    if (isSucceeded(pack) || !isOver(pack, now)) await redeploy(tx, deps, pack, by);
    else await remove(tx, deps, pack, by);
  }
  await keepUniversal(tx, deps, zone, by);
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

async function remove(tx: Tx, deps: ManagedDeps, pack: Pack, by: By): Promise<void> {
  await releaseNames(tx, pack, deps.clock.now());
  await override(tx, deps, pack, { event: 'delete', ...by });
}

/** Certificates that only an edge did not show are tried again; else another pack comes, from the next CA that issues. */
async function takeUp(tx: Tx, deps: ManagedDeps, pack: Pack): Promise<void> {
  if (pack.status === 'deployment_timed_out' && isRestartable(pack)) {
    await restart(tx, deps, pack);
    return;
  }
  await remove(tx, deps, pack, {});
  await order(tx, deps, pack.zone, { past: pack.certificateAuthority });
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
