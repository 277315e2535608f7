import type { Pack } from '../pack/pack.ts';
import { getManagedSettings } from '../store/managed.ts';
import { getPack } from '../store/packs.ts';
import { type Pool, transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { keepUniversal } from './keep-universal.ts';
import { lockHeld } from './lock-held.ts';
import type { ManagedDeps } from './managed-policy.ts';

/**
 * Takes up a pack that the service made by itself and gave up: it is begun anew, or another takes its place. False where it
 * stays as it is, in the hands of its worker. Throws `pack_moved`.
 */
export function takeUpManaged(deps: ManagedDeps & { readonly pool: Pool }, pack: Pack): Promise<boolean> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, pack.zone.id);
    await lockHeld(tx, pack);
    const { isUniversalOn } = await getManagedSettings(tx, pack.zone.id);
    if (pack.type === 'universal' && isUniversalOn) await keepUniversal(tx, deps, pack.zone);
    const found = await getPack(tx, pack.zone.id, pack.id);
    return found?.claim !== pack.claim;
  });
}
