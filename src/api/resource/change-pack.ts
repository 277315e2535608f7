import { Fault } from '../../kit/fault.ts';
import type { Pack } from '../../pack/pack.ts';
import { lockPack } from '../../store/packs.ts';
import { type Tx, transaction } from '../../store/store.ts';
import { touchZone } from '../../store/zones.ts';
import type { ApiDeps } from '../deps.ts';

/** Changes a pack under its zone's lock and its own, and pokes the workers. Throws `pack_not_found`. */
export async function changePack(
  deps: ApiDeps,
  zoneId: string,
  id: string,
  work: (tx: Tx, pack: Pack) => Promise<Pack>,
): Promise<Pack> {
  const pack = await transaction(deps.pool, async (tx) => {
    await touchZone(tx, zoneId);
    const found = await lockPack(tx, zoneId, id);
    if (!found) throw packNotFound(id);
    return work(tx, found);
  });
  deps.poke(id);
  return pack;
}

/** A pack's id from the path. What cannot be one is told apart from one that is not there. */
export function packId(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase();
  throw new Fault(
    'invalid_object_id',
    `${JSON.stringify(id.slice(0, 64))} is not the id of a certificate pack`,
  );
}

export const packNotFound = (id: string) => new Fault('pack_not_found', `certificate pack ${id} not found`);
