import { createHash } from 'node:crypto';
import { toName } from '../pack/hosts.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { OPERATOR } from '../store/audit.ts';
import { logChange } from '../store/edge-changes.ts';
import { deletePack } from '../store/pack-writes.ts';
import { lockPack } from '../store/packs.ts';
import { transaction } from '../store/store.ts';
import type { Zone } from '../store/zone-row.ts';
import { touchZone } from '../store/zones.ts';
import { packMoved } from './advance.ts';
import { type CreatePackDeps, createPack, type PackOrder } from './create-pack.ts';

/** A pack with an id that is known beforehand. */
export interface PinnedPack {
  readonly zone: Zone;
  readonly id: string;
  readonly order: PackOrder;
}

/** Has a pack there under its own id, ordered anew where it was deleted. Throws as `createPack`. */
export async function pinPack(deps: CreatePackDeps, { zone, id, order }: PinnedPack): Promise<void> {
  if (!(await makeRoom(deps, { zone, id }))) return;
  const bodyHash = createHash('sha256').update(id).digest();
  const request = { zoneId: zone.id, bodyHash };
  await createPack(deps, { zone, order, id, request, isRetry: false, by: OPERATOR });
}

/** Removes what is left of a deleted pack; false: it is there. */
export function makeRoom(
  { pool, clock }: Pick<CreatePackDeps, 'pool' | 'clock'>,
  { zone, id }: Pick<PinnedPack, 'zone' | 'id'>,
): Promise<boolean> {
  return transaction(pool, async (tx) => {
    await touchZone(tx, zone.id);
    const found = await lockPack(tx, zone.id, id);
    if (!found) return true;
    if (!isLeaving(found.status)) return false;
    if (!(await deletePack(tx, found))) throw packMoved(found);
    const served = { environment: found.environment, hosts: found.hosts.map(toName) };
    await logChange(tx, served, clock.now());
    return true;
  });
}
