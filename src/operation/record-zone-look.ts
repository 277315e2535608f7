import { afterChallenge, afterFailure, afterSuccess, type Looked } from '../pack/zone-life.ts';
import { recordAudit, WORKER } from '../store/audit.ts';
import { challenge, noteMoved, wakeClaims } from '../store/name-claims.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { type LookedZone, type Noted, putLook, stirPacks } from '../store/zone-life.ts';
import { activateZone } from './activate-zone.ts';
import { lockZoneWithDomain } from './locked-zone.ts';
import type { ActivationDeps } from './zone-became-active.ts';
import { zoneEvent } from './zone-event.ts';

/** What a look at a zone came to. */
export interface ZoneSeen extends Noted {
  readonly looked: Looked;
}

/** What recording it needs. */
export type ZoneLookDeps = ActivationDeps & { readonly pool: Pool };

/**
 * Writes what a look came to: the zone becomes active, stays so, or is `moved` after a while; or it waits, where another zone
 * of its name is active, and that one is looked at. A zone that is of another type meanwhile, or deactivated, is left alone.
 */
export function recordZoneLook(deps: ZoneLookDeps, was: LookedZone, seen: ZoneSeen): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    const locked = await lockZoneWithDomain(tx, was.id, now);
    if (!locked || locked.isDeactivated || locked.type !== was.type) return;
    // When it was taken: another time than that is somebody's wish.
    const zone = { ...locked, lookAt: was.lookAt };
    const { looked, ...noted } = seen;
    if (looked !== 'shown') return fail(tx, zone, { looked, noted }, now);
    if (zone.status === 'active') return putLook(tx, zone, { ...afterSuccess(zone, now), ...noted });
    const activated = await activateZone(tx, deps, zone, { by: WORKER, now });
    if (activated.kind === 'gone') return;
    if (activated.kind === 'active') return putLook(tx, zone, { ...afterSuccess(zone, now), ...noted });
    await challenge(tx, activated.holder.zoneId, now);
    await putLook(tx, zone, { ...afterChallenge(zone, now), ...noted });
  });
}

/** A zone that was active and is not any more is told of; what is on its way to the edges waits, and who claims its name is looked at. */
async function fail(
  tx: Tx,
  zone: LookedZone,
  { looked, noted }: { readonly looked: Exclude<Looked, 'shown'>; readonly noted: Noted },
  now: Date,
): Promise<void> {
  const to = afterFailure(zone, looked, now);
  const isMoved = to.status === 'moved' && zone.status !== 'moved';
  // One that is delegated to fixed names shows its record anew to come back: others may be delegated to the same.
  await putLook(tx, zone, { ...to, ...noted, ...(isMoved && { textShownOn: undefined }) });
  if (!isMoved) return;
  await noteMoved(tx, zone);
  await stirPacks(tx, zone.id, now);
  await recordAudit(tx, zoneEvent('move', zone, WORKER), now);
  await wakeClaims(tx, zone.name, now);
}
