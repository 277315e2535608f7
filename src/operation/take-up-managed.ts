import type { Pack } from '../pack/pack.ts';
import { getManagedSettings } from '../store/managed.ts';
import { getPack } from '../store/packs.ts';
import { type Pool, transaction } from '../store/store.ts';
import { findZone, touchZone } from '../store/zones.ts';
import { keepNames } from './keep-total-tls.ts';
import { keepUniversal } from './keep-universal.ts';
import { lockHeld } from './lock-held.ts';
import type { ManagedDeps } from './managed-policy.ts';

/** What became of it. `taken`: begun anew, or another is in its place. `later`: not now. `off`: nobody wants it. */
export type TakenUp = 'taken' | 'later' | 'off';

/** Takes up a pack that the service made by itself and gave up. Throws `pack_moved`. */
export function takeUpManaged(deps: ManagedDeps & { readonly pool: Pool }, pack: Pack): Promise<TakenUp> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, pack.zone.id);
    await lockHeld(tx, pack);
    const zone = await findZone(tx, pack.zone.id);
    const settings = await getManagedSettings(tx, pack.zone.id);
    const isTotalTls = pack.type === 'total_tls';
    if (!zone || !(isTotalTls || settings.isUniversalOn)) return 'off';
    if (isTotalTls) await keepNames(tx, deps, { zone, settings }, pack.hosts);
    else await keepUniversal(tx, deps, zone);
    const found = await getPack(tx, pack.zone.id, pack.id);
    return found?.claim === pack.claim ? 'later' : 'taken';
  });
}
