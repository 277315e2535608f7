/** The Universal pack of a zone: ordered, kept, switched off and on. Each in a transaction that holds the zone. */
import { after, hours, type Seconds } from '../kit/time.ts';
import type { CertificateAuthority, PackZone } from '../pack/pack.ts';
import { isOpen } from '../pack/zone-life.ts';
import { lockManagedPacks, remindManaged } from '../store/managed.ts';
import { getDeeperZone } from '../store/names.ts';
import type { Tx } from '../store/store.ts';
import type { By } from './advance.ts';
import type { ManagedDeps } from './managed-policy.ts';
import { goOnWith, isForEdges, removeWhole, rouse, withdraw } from './move-managed.ts';
import { orderManaged } from './order-managed.ts';

/** When it is tried again to order where nothing can be ordered now: no CA issues, or the name is not for the account. */
const TRY_AGAIN: Seconds = hours(1);

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
  const packs = await lockManagedPacks(tx, zone.id, 'universal');
  const pack = packs.findLast(isForEdges);
  if (!pack) return order(tx, deps, zone, by);
  if (!(await goOnWith(tx, deps, pack, { isAtOnce, ...by }))) {
    await removeWhole(tx, deps, pack, by);
    return order(tx, deps, zone, { past: pack.certificateAuthority, ...by });
  }
  for (const other of packs.filter((one) => !isForEdges(one))) await rouse(tx, deps, other);
}

/** Takes all Universal packs of a zone off the edges, and keeps them; what has no certificates yet is deleted. */
export async function withdrawUniversal(tx: Tx, deps: ManagedDeps, zone: PackZone, by: By): Promise<void> {
  const packs = await lockManagedPacks(tx, zone.id, 'universal');
  for (const pack of packs.filter(isForEdges)) await withdraw(tx, deps, pack, by);
}

/** Orders a pack; one of the CAs behind one that got nowhere comes first. */
async function order(
  tx: Tx,
  deps: ManagedDeps,
  zone: PackZone,
  by: By & { readonly past?: CertificateAuthority | undefined },
): Promise<void> {
  const names = await hostsFor(tx, zone);
  if (!(await orderManaged(tx, deps, zone, { type: 'universal', names, rows: deps.managed.rows, ...by })))
    await remindManaged(tx, zone.id, after(deps.clock.now(), TRY_AGAIN));
}

/** The apex, and the names directly below it unless one of them is a zone of its own: that sees to itself. */
async function hostsFor(tx: Tx, zone: PackZone): Promise<string[]> {
  const names = [zone.name, `*.${zone.name}`];
  return (await getDeeperZone(tx, zone, names)) ? [zone.name] : names;
}
