/** The JSON of packs in the API, as it is stored beside them. */
import type { Pack } from '../pack/pack.ts';
import type { Filing } from './packs.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** The stored JSON of one pack, or undefined where the zone has no such pack. */
export async function getWire(
  db: Db,
  zoneId: string,
  id: string,
): Promise<{ readonly wire: string; readonly wireVersion: number } | undefined> {
  const { rows } = await execute<{ wire: string; wire_version: number }>(db, GET_WIRE, { zone: zoneId, id });
  return rows[0] && { wire: rows[0].wire, wireVersion: rows[0].wire_version };
}

const GET_WIRE = statement('select wire, wire_version from packs where zone_id = :zone and id = :id');

/** Writes a pack's JSON alone, unless it changed since it was read, or is so already: then false. */
export async function putWire(
  db: Db,
  pack: Pack,
  { wire, wireVersion }: Omit<Filing, 'dueAt'>,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update packs set wire = $3, wire_version = $4
      where id = $1 and modified_on = $2 and wire_version <= $4 and (wire, wire_version) <> ($3, $4)`,
    [pack.id, pack.modifiedOn, wire, wireVersion],
  );
  return rowCount === 1;
}
