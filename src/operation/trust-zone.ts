import { after, days } from '../kit/time.ts';
import { type NamePolicy, registeredDomain } from '../pack/name-policy.ts';
import { WORKER } from '../store/audit.ts';
import { lookAtName } from '../store/names.ts';
import { type Tx, transaction } from '../store/store.ts';
import { type LookedZone, unlook, wantLook } from '../store/zone-life.ts';
import { activateZone } from './activate-zone.ts';
import { lockZoneWithDomain } from './locked-zone.ts';
import type { ZoneLookDeps } from './record-zone-look.ts';

type TrustDeps = ZoneLookDeps & { readonly names: NamePolicy };

/** Makes a zone active without a look, where its name is free: of an installation that trusts its accounts by now. */
export function trustZone(deps: TrustDeps, { id }: Pick<LookedZone, 'id'>): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    const zone = await lockZoneWithDomain(tx, id, now);
    if (!zone) return;
    await unlook(tx, id);
    if (zone.status !== 'active' && (await isTrusted(tx, deps, zone, now))) return;
    await wantLook(tx, id, after(now, days(1)));
  });
}

/** Whether the zone is active by now. */
async function isTrusted(tx: Tx, deps: TrustDeps, zone: LookedZone, now: Date): Promise<boolean> {
  const asked = { ...zone, domain: registeredDomain(zone.name), rest: deps.names.rest };
  const { isHeld, isResting } = await lookAtName(tx, asked, now);
  if (isHeld || isResting) return false;
  return (await activateZone(tx, deps, zone, { by: WORKER, now })).kind === 'active';
}
