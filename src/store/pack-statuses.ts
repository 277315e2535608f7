/** Statuses of many packs at once, of any zones. */
import type { PackKey, PackStatus } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { cellsOf, inCells } from './zone-key.ts';

/** The status of each of these packs, in their order; undefined: the zone has no such pack, or not any more. */
export async function listStatuses(
  db: Db,
  packs: readonly PackKey[],
): Promise<readonly (PackStatus | undefined)[]> {
  const zones = packs.map(({ zone }) => zone.id);
  const { rows } = await execute<{ i: number; status: PackStatus }>(db, STATUSES, {
    ...cellsOf(zones),
    zones,
    packs: packs.map(({ id }) => id),
  });
  const found = new Map(rows.map(({ i, status }) => [i - 1, status]));
  return packs.map((_, i) => found.get(i));
}

// One by one: of how many there will be, the plan knows nothing.
const STATUSES = statement(`
  select asked.i::int as i, found.status
    from unnest(:own::smallint[], :zones::text[], :packs::uuid[]) with ordinality as asked (cell, zone_id, id, i)
   cross join lateral (
     select status from packs
      where ${inCells('packs')} and packs.cell = asked.cell and packs.zone_id = asked.zone_id and packs.id = asked.id
      limit 1) as found`);
