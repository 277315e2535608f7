import type { PackZone } from '../pack/pack.ts';
import { getManagedSettings } from '../store/managed.ts';
import type { Tx } from '../store/store.ts';
import { lookAtNames, rangeOfZone } from '../store/total-tls.ts';
import { keepUniversal } from './keep-universal.ts';
import type { ManagedDeps } from './managed-policy.ts';

/** What follows from a zone's activation needs. */
export type ActivationDeps = ManagedDeps;

/**
 * What the service does by itself for a zone that becomes active, in the transaction in which it does, which holds the zone.
 * Called again for a zone that became active again it adds nothing that is there.
 */
export async function zoneBecameActive(
  tx: Tx,
  deps: ActivationDeps,
  zone: PackZone,
  now: Date,
): Promise<void> {
  const { isUniversalOn } = await getManagedSettings(tx, zone.id);
  if (isUniversalOn) await keepUniversal(tx, deps, zone);
  // What was to be looked at meanwhile waits, and is looked at with all others.
  await lookAtNames(tx, zone.id, { ranges: [rangeOfZone(zone)], at: now });
}
