/**
 * How rows are found: by the zone they belong to, and its cell. Every key leads with both, and every statement on a zone
 * names them, so that a distributed database finds all that it needs on one node. See docs/decisions/0016.
 */
import type { PackKey } from '../pack/pack.ts';

/** Zones are dealt to so many cells. Rows have their cell stored: the number cannot be changed. */
const CELLS = 32;

/** Cell of a zone by its id, or of an account by its: the first five bits, which are random. */
export const cellOf = (id: string): number => Number.parseInt(id.slice(0, 2), 16) >> 3;

/** All cells: on one database, what is due anywhere is taken by one statement. */
export const EVERY_CELL: readonly number[] = Array.from({ length: CELLS }, (_, cell) => cell);

/** Condition on rows of `:cells`: said of each table of a statement, as a distributed database goes by that. */
export const inCells = (table: string): string => `${table}.cell = any(:cells::smallint[])`;

/**
 * Values for rows of several zones: the cell of each in their order, and for `inCells` each cell once, as the database sorts that
 * list anew for every row that it looks up.
 */
export const cellsOf = (zones: readonly string[]) => {
  const own = zones.map(cellOf);
  return { own, cells: [...new Set(own)] };
};

/** Values for `IN_ZONE`. */
export const zoneKey = (zoneId: string) => ({ cell: cellOf(zoneId), zone: zoneId });

/** Condition on a row of a zone. */
export const IN_ZONE = 'cell = :cell and zone_id = :zone';

/** Values for `OF_PACK`. */
export const packKey = ({ id, zone }: PackKey) => ({ ...zoneKey(zone.id), pack: id });

/** Condition on a row that belongs to a pack. */
export const OF_PACK = `${IN_ZONE} and pack_id = :pack`;

/** A pack's key as a row has it. */
export interface KeyRow {
  zone_id: string;
  id: string;
}

/** The key of a row. */
export const toKey = ({ zone_id, id }: KeyRow): PackKey => ({ id, zone: { id: zone_id } });

/** The order in which packs of all zones are gone through. */
export const IN_ORDER = 'order by cell, zone_id, id';

/** Condition on packs that follow one in that order. */
export const AFTER_PACK = '(cell, zone_id, id) > (:cell, :zone, :pack)';

/** Values for `AFTER_PACK`; undefined: from the first pack on. */
export const afterPack = (last: PackKey | undefined) =>
  last ? packKey(last) : { cell: -1, zone: '', pack: NIL };

const NIL = '00000000-0000-0000-0000-000000000000';
