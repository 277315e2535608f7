/** The packs of Total TLS in a zone: one for each name of a proxied record that no other pack covers. */
import { after, hours, type Seconds } from '../kit/time.ts';
import { isWildcard } from '../pack/hosts.ts';
import { isOff, takenUpAt } from '../pack/managed.ts';
import type { CertificateAuthority, Pack, PackZone } from '../pack/pack.ts';
import { coverBy, isCertifiable, REST } from '../pack/total-tls.ts';
import { isOpen } from '../pack/zone-life.ts';
import type { ManagedSettings } from '../store/managed.ts';
import type { Tx } from '../store/store.ts';
import { lookAtNames, rangesOf, remindOfNames, takeDueNames, takeNamesInRange } from '../store/total-tls.ts';
import { type ManagedDeps, rowsFor } from './managed-policy.ts';
import { goOnWith, removeWhole, withdraw } from './move-managed.ts';
import { orderManaged } from './order-managed.ts';
import { lookAt, othersThan, ownPacks, type SeenName } from './total-tls-sight.ts';

/** Names that are looked at in one transaction, which holds the zone; then other zones have their turn. */
const MOST_AT_ONCE = 10;

/** When it is tried again to order where nothing can be ordered now: no CA issues, or the name is not for the account. */
const TRY_AGAIN: Seconds = hours(1);

/** A zone, and what its owner has switched on. */
export interface ManagedZone {
  readonly zone: PackZone;
  readonly settings: ManagedSettings;
}

/** Whether nothing is ordered: in a zone that is not active, paused, or answered elsewhere it has to wait. */
export const isResting = ({ zone, settings }: ManagedZone): boolean =>
  settings.isTotalTlsOn && !(isOpen(zone) && zone.type === 'full');

/** Looks at names of a zone that are due, some of them; what is left is due again. In a transaction that holds the zone. */
export async function keepTotalTls(tx: Tx, deps: ManagedDeps, at: ManagedZone): Promise<void> {
  if (isResting(at)) return;
  const { zone } = at;
  const now = deps.clock.now();
  const names = await takeDueNames(tx, zone.id, now, MOST_AT_ONCE);
  const room = MOST_AT_ONCE - names.length;
  const others = room > 0 ? await takeNamesInRange(tx, zone.id, now, room) : [];
  await keepNames(tx, deps, at, [...new Set([...names, ...others])]);
  await remindOfNames(tx, zone.id, now);
}

/**
 * Sees to it that names have their packs, and that those which are wanted no more have none: off the edges at once, and gone after
 * a while. A pack whose name another comes to cover stays until it would be renewed (`endTotalTls`).
 */
export async function keepNames(
  tx: Tx,
  deps: ManagedDeps,
  at: ManagedZone,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0 || isResting(at)) return;
  // What a wildcard record's pack covers wants none of its own: those come first, and what became of them is looked at.
  for (const some of [names.filter(isWildcard), names.filter((name) => !isWildcard(name))]) {
    if (some.length === 0) continue;
    const sight = await lookAt(tx, at.zone, some);
    for (const name of some) await keepName(tx, deps, at, { name, ...sight });
  }
}

async function keepName(tx: Tx, deps: ManagedDeps, at: ManagedZone, seen: SeenName): Promise<void> {
  const own = await ownPacks(tx, at.zone, seen);
  if (!at.settings.isTotalTlsOn) return takeOff(tx, deps, own);
  if (!isWanted(seen)) return letGo(tx, deps, at, { name: seen.name, own });
  const { isCovered, waitUntil } = coverBy(othersThan(seen), deps.clock.now());
  if (isCovered) return clearAway(tx, deps, own);
  if (await goOnWithLast(tx, deps, own)) return;
  if (waitUntil) return lookAgain(tx, at.zone, seen.name, waitUntil);
  await order(tx, deps, at, { ...seen, past: own.at(-1)?.certificateAuthority });
}

/** Has the last of a name's packs go on, without the others once it is served. False: there is none, or it is past that and gone. */
async function goOnWithLast(tx: Tx, deps: ManagedDeps, own: readonly Pack[]): Promise<boolean> {
  const last = own.at(-1);
  if (!last) return false;
  if (last.status === 'active') for (const older of own.slice(0, -1)) await removeWhole(tx, deps, older);
  if (await goOnWith(tx, deps, last)) return true;
  await removeWhole(tx, deps, last);
  return false;
}

const isWanted = ({ name, proxied, optedOut, elsewhere }: SeenName): boolean =>
  proxied.has(name) && isCertifiable(name) && !optedOut.has(name) && !elsewhere.has(name);

/** Total TLS is off: its packs are off the edges, and kept while their certificates are good. */
async function takeOff(tx: Tx, deps: ManagedDeps, own: readonly Pack[]): Promise<void> {
  for (const pack of own) await withdraw(tx, deps, pack);
}

/** The name is wanted no more: its packs go off the edges, and are gone after a rest. */
async function letGo(
  tx: Tx,
  deps: ManagedDeps,
  { zone }: ManagedZone,
  { name, own }: { readonly name: string; readonly own: readonly Pack[] },
): Promise<void> {
  const now = deps.clock.now();
  for (const pack of own) {
    const end = isOff(pack) ? after(pack.statusSince, REST) : after(now, REST);
    if (!isOff(pack)) await withdraw(tx, deps, pack);
    else if (end <= now) await removeWhole(tx, deps, pack);
    if (end > now) await lookAgain(tx, zone, name, end);
  }
}

/** Another pack covers the name: what is off the edges, or was given up, is not needed. */
async function clearAway(tx: Tx, deps: ManagedDeps, own: readonly Pack[]): Promise<void> {
  for (const pack of own) if (isOff(pack) || takenUpAt(pack)) await removeWhole(tx, deps, pack);
}

async function order(
  tx: Tx,
  deps: ManagedDeps,
  { zone, settings }: ManagedZone,
  { name, past }: SeenName & { readonly past: CertificateAuthority | undefined },
): Promise<void> {
  const now = deps.clock.now();
  const rows = rowsFor(deps.managed, settings.totalTlsCa);
  const isOrdered = await orderManaged(tx, deps, zone, { type: 'total_tls', names: [name], rows, past });
  if (!isOrdered) await lookAgain(tx, zone, name, after(now, TRY_AGAIN));
}

const lookAgain = (tx: Tx, zone: PackZone, name: string, at: Date): Promise<void> =>
  lookAtNames(tx, zone.id, { ranges: rangesOf([name]), at });
