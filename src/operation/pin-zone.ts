import { type Actor, OPERATOR } from '../store/audit.ts';
import { eraseZone } from '../store/erase-zone.ts';
import { transaction } from '../store/store.ts';
import { getZone } from '../store/zones.ts';
import { type CreateZoneDeps, createZone, type NewZone } from './create-zone.ts';

/** A zone with an id that is known beforehand. */
export type PinnedZone = NewZone & { readonly id: string };

/** Has a zone there under its own id, made anew where it was deleted: without what was in it. Throws as `createZone`. */
export async function pinZone(deps: CreateZoneDeps, zone: PinnedZone, by: Actor = OPERATOR): Promise<void> {
  if (await getZone(deps.pool, zone.accountId, zone.id)) return;
  await transaction(deps.pool, (tx) => eraseZone(tx, zone.id));
  await createZone(deps, zone, by);
}
