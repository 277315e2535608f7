import { registeredDomain } from '../pack/name-policy.ts';
import type { PackZone } from '../pack/pack.ts';
import { isOpen } from '../pack/zone-life.ts';
import { type Actor, recordAudit, WORKER } from '../store/audit.ts';
import { gainName, getHolder, type Holder, loseName } from '../store/name-claims.ts';
import { noteSetUsed } from '../store/name-servers.ts';
import { endRest, lockDomain } from '../store/names.ts';
import type { Tx } from '../store/store.ts';
import { lockZone, stirPacks } from '../store/zone-life.ts';
import { getZone } from '../store/zones.ts';
import { type ActivationDeps, zoneBecameActive } from './zone-became-active.ts';
import { zoneEvent } from './zone-event.ts';

/** What activation came to. `held`: another zone has the name and is active. `gone`: the zone is, or the operator wants none. */
export type Activated =
  | { readonly kind: 'active' }
  | { readonly kind: 'held'; readonly holder: Holder }
  | { readonly kind: 'gone' };

/**
 * Makes a zone active that has shown control of its name, or is trusted, in a transaction of which it is the first to lock
 * anything. Its name is its own from then on, whoever gave it up before; a zone that had it and is not active loses it, and
 * keeps what is served. What waited for the zone goes on. It is recorded
 * by whom, where that is told: of a zone that is just made it goes without saying.
 */
export async function activateZone(
  tx: Tx,
  deps: ActivationDeps,
  { id, accountId, name }: Pick<PackZone, 'id' | 'accountId' | 'name'>,
  { by, now }: { readonly by?: Actor; readonly now: Date },
): Promise<Activated> {
  const domain = registeredDomain(name);
  await lockDomain(tx, domain, now);
  const zone = await lockZone(tx, id);
  if (!zone || zone.isDeactivated) return { kind: 'gone' };
  const holder = await getHolder(tx, name);
  if (holder && holder.zoneId !== id && !(await yields(tx, holder, now))) return { kind: 'held', holder };
  await gainName(tx, { id, name }, now);
  await endRest(tx, { name, domain });
  if (by) await recordAudit(tx, zoneEvent('activate', { id, accountId, name }, by), now);
  await goOn(tx, deps, { id, accountId }, now);
  return { kind: 'active' };
}

/** Has what waited for a zone go on, if it is open now: in the transaction that made it so. */
export async function goOn(
  tx: Tx,
  deps: ActivationDeps,
  { id, accountId }: Pick<PackZone, 'id' | 'accountId'>,
  now: Date,
): Promise<void> {
  await stirPacks(tx, id, now);
  const zone = await getZone(tx, accountId, id);
  if (zone && isOpen(zone)) await zoneBecameActive(tx, deps, zone, now);
}

/** Has the zone that has a name lose it, unless it is active. Whether it did. */
async function yields(tx: Tx, { zoneId }: Holder, now: Date): Promise<boolean> {
  const zone = await lockZone(tx, zoneId);
  if (zone?.status === 'active') return false;
  if (!zone) return true;
  await loseName(tx, zone, now);
  if (zone.nameServers) await noteSetUsed(tx, zone, zone.nameServers);
  await stirPacks(tx, zoneId, now);
  await recordAudit(tx, zoneEvent('lose_name', zone, WORKER), now);
  return true;
}
