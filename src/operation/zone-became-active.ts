import type { PackZone } from '../pack/pack.ts';
import type { Tx } from '../store/store.ts';
import type { ManagedDeps } from './managed-policy.ts';
import type { AdvanceDeps } from './operation.ts';

/** What follows from a zone's activation needs. */
export type ActivationDeps = AdvanceDeps & ManagedDeps;

/**
 * What the service does by itself for a zone that becomes active, in the transaction in which it does, which holds the zone.
 * Called again for a zone that became active again it adds nothing that is there.
 */
export async function zoneBecameActive(
  _tx: Tx,
  _deps: ActivationDeps,
  _zone: PackZone,
  _now: Date,
): Promise<void> {
  // Nothing follows yet.
}
