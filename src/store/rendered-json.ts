/** The JSON of packs in the API, as it is stored beside them. */
import type { Pack } from '../pack/pack.ts';
import type { RowAside } from './packs.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { IN_ZONE, packKey, zoneKey } from './zone-key.ts';

/** A pack's JSON as it is stored. */
export interface RenderedJson {
  readonly json: string;
  readonly jsonVersion: number;
  /** Whether the pack has yet to be told by its CA what to show. */
  readonly isWaiting: boolean;
}

/** The stored JSON of one pack, or undefined where the zone has no such pack. */
export async function getRenderedJson(db: Db, zoneId: string, id: string): Promise<RenderedJson | undefined> {
  const { rows } = await execute<JsonRow>(db, GET, { ...zoneKey(zoneId), id });
  const [row] = rows;
  return row && { json: row.wire, jsonVersion: row.wire_version, isWaiting: row.is_waiting };
}

interface JsonRow {
  wire: string;
  wire_version: number;
  is_waiting: boolean;
}

const GET = statement(`
  select wire, wire_version, status = 'initializing'
      or status = 'pending_validation' and jsonb_array_length(validation_records) = 0 as is_waiting
    from packs where ${IN_ZONE} and id = :id`);

/** Writes a pack's JSON alone, unless it changed since it was read, or is so already: then false. */
export async function putRenderedJson(
  db: Db,
  pack: Pack,
  { json: wire, jsonVersion: wireVersion }: Omit<RowAside, 'dueAt'>,
): Promise<boolean> {
  const values = { ...packKey(pack), modified_on: pack.modifiedOn, wire, version: wireVersion };
  const { rowCount } = await execute(db, PUT, values);
  return rowCount === 1;
}

const PUT = statement(`
  update packs set wire = :wire, wire_version = :version
   where ${IN_ZONE} and id = :pack and modified_on = :modified_on and wire_version <= :version
     and (wire, wire_version) <> (:wire, :version)`);
