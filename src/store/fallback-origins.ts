/** Where a zone's custom hostnames are sent that have no origin of their own. */
import type { FallbackOrigin, OriginStatus } from '../pack/custom-hostname.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { EVERY_CELL, IN_ZONE, inCells, zoneKey } from './zone-key.ts';

interface Row {
  origin: string;
  status: OriginStatus;
  errors: string[];
  created_on: Date;
  updated_on: Date;
  look_at: Date | null;
}

const COLUMNS = 'origin, status, errors, created_on, updated_on, look_at';
const toOrigin = ({ created_on, updated_on, look_at, ...row }: Row): FallbackOrigin => ({
  ...row,
  createdOn: created_on,
  updatedOn: updated_on,
  lookAt: look_at ?? undefined,
});

/** The fallback origin of a zone; undefined: it has none. */
export async function getFallbackOrigin(db: Db, zoneId: string): Promise<FallbackOrigin | undefined> {
  const { rows } = await execute<Row>(db, GET, zoneKey(zoneId));
  return rows[0] && toOrigin(rows[0]);
}

const GET = statement(`select ${COLUMNS} from fallback_origins where ${IN_ZONE}`);

/** Writes a zone's fallback origin, in a transaction that holds it. */
export async function putFallbackOrigin(tx: Tx, zoneId: string, one: FallbackOrigin): Promise<void> {
  await execute(tx, PUT, {
    ...zoneKey(zoneId),
    origin: one.origin,
    status: one.status,
    errors: one.errors,
    created_on: one.createdOn,
    updated_on: one.updatedOn,
    look_at: one.lookAt ?? null,
  });
}

const PUT = statement(`
  insert into fallback_origins (cell, zone_id, ${COLUMNS})
  values (:cell, :zone, :origin, :status, :errors, :created_on, :updated_on, :look_at)
  on conflict (cell, zone_id) do update set (${COLUMNS}) =
    (excluded.origin, excluded.status, excluded.errors, excluded.created_on, excluded.updated_on, excluded.look_at)`);

/** Removes it. */
export async function deleteFallbackOrigin(tx: Tx, zoneId: string): Promise<void> {
  await execute(tx, DELETE, zoneKey(zoneId));
}

const DELETE = statement(`delete from fallback_origins where ${IN_ZONE}`);

/** Ids of zones whose fallback origin is due to be looked at; whoever takes one has it until `until`. */
export async function takeDueOrigins(
  db: Db,
  { now, until, limit }: { readonly now: Date; readonly until: Date; readonly limit: number },
): Promise<string[]> {
  const { rows } = await execute<{ zone_id: string }>(db, TAKE_DUE, { cells: EVERY_CELL, now, until, limit });
  return rows.map(({ zone_id }) => zone_id);
}

const TAKE_DUE = statement(`
  update fallback_origins set look_at = :until
    from (select cell, zone_id from fallback_origins where ${inCells('fallback_origins')} and look_at <= :now
           order by look_at limit :limit for update skip locked) as due
   where ${inCells('fallback_origins')} and fallback_origins.cell = due.cell and fallback_origins.zone_id = due.zone_id
  returning fallback_origins.zone_id`);
