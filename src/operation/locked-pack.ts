import { Fault } from '../kit/fault.ts';
import type { Pack } from '../pack/pack.ts';
import type { Actor } from '../store/audit.ts';
import { lockPack } from '../store/packs.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';

/** A pack that somebody wants changed, and who. */
export interface Wish {
  readonly zoneId: string;
  readonly id: string;
  readonly by: Actor;
}

/** Changes a pack in one transaction, under its zone's lock and its own. Throws `pack_not_found`. */
export function withLockedPack(
  pool: Pool,
  { zoneId, id }: Pick<Wish, 'zoneId' | 'id'>,
  work: (tx: Tx, pack: Pack) => Promise<Pack>,
): Promise<Pack> {
  return transaction(pool, async (tx) => {
    await touchZone(tx, zoneId);
    const found = await lockPack(tx, zoneId, id);
    if (!found) throw packNotFound(id);
    return work(tx, found);
  });
}

/** The fault of whoever asks for a pack that the zone does not have. */
export const packNotFound = (id: string): Fault =>
  new Fault('pack_not_found', `certificate pack ${id} not found`);
