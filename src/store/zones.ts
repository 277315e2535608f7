import { Fault } from '../kit/fault.ts';
import { newDelegationUuid, newHexId } from '../kit/id.ts';
import type { PackZone, ZoneType } from '../pack/pack.ts';
import { reverse } from './published-records.ts';
import { statement } from './statement.ts';
import { type Db, execute, stateOf, type Tx } from './store.ts';

export interface Zone extends PackZone {
  readonly accountName: string;
  readonly createdOn: Date;
  readonly modifiedOn: Date;
}

interface ZoneRow {
  id: string;
  account_id: string;
  account_name: string;
  name: string;
  type: ZoneType;
  delegation_uuid: string;
  created_on: Date;
  modified_on: Date;
}

const COLUMNS = `zones.id, account_id, accounts.name as account_name, zones.name, type, delegation_uuid,
  zones.created_on, modified_on`;
const FROM = 'zones join accounts on accounts.id = account_id';

/**
 * A new zone. Throws `zone_exists` where any account has one of that name, or another account has one above or
 * below it: whoever answers for a zone's DNS could prove control of all names in it.
 */
export async function createZone(
  db: Db,
  zone: { readonly accountId: string; readonly name: string; readonly type: ZoneType },
  now: Date,
): Promise<string> {
  const id = newHexId();
  const [reversed, suffixes] = [reverse(zone.name), suffixesOf(zone.name)];
  try {
    const { rowCount } = await db.query(
      `insert into zones (id, account_id, name, type, delegation_uuid, created_on, modified_on, reversed)
       select $1, $2, $3, $4, $5, $6, $6, $7
        where not exists (
          select from zones where deleted_on is null and account_id <> $2
             and (name = any($8) or reversed > $9 and reversed < $10))`,
      [
        id,
        zone.accountId,
        zone.name,
        zone.type,
        newDelegationUuid(),
        now,
        reversed,
        suffixes,
        `${reversed}.`,
        `${reversed}/`,
      ],
    );
    if (rowCount === 0) throw taken(`${zone.name} lies in, or above, a zone of another account`);
  } catch (error) {
    if (stateOf(error) !== '23505') throw error;
    throw taken(`the zone ${zone.name} already exists`);
  }
  return id;
}

const taken = (why: string): Fault => new Fault('zone_exists', why, { pointer: '/name' });

/** A name and all names above it. */
export const suffixesOf = (name: string): string[] => {
  const labels = name.split('.');
  return labels.map((_, i) => labels.slice(i).join('.'));
};

/** The zone of an account, or undefined where it has none of that id. */
export async function getZone(db: Db, accountId: string, id: string): Promise<Zone | undefined> {
  const { rows } = await execute<ZoneRow>(db, GET, { id, account: accountId });
  return rows[0] && toZone(rows[0]);
}

const GET = statement(
  `select ${COLUMNS} from ${FROM} where zones.id = :id and account_id = :account and deleted_on is null`,
);

export interface ZoneFilter {
  readonly accountId: string;
  /** Ids the caller may see; undefined for all of the account. */
  readonly ids?: readonly string[];
  readonly name?: string;
  readonly types?: readonly ZoneType[];
  readonly page: number;
  readonly perPage: number;
}

/** A page of an account's zones, oldest first, with the count of all that match. */
export async function listZones(db: Db, filter: ZoneFilter): Promise<{ zones: Zone[]; total: number }> {
  const where = `account_id = $1 and deleted_on is null and ($2::text[] is null or zones.id = any($2))
    and ($3::text is null or zones.name = $3) and ($4::text[] is null or type = any($4))`;
  const values = [filter.accountId, filter.ids ?? null, filter.name ?? null, filter.types ?? null];
  const { rows } = await db.query<ZoneRow>(
    `select ${COLUMNS} from ${FROM} where ${where} order by zones.created_on, zones.id limit $5 offset $6`,
    [...values, filter.perPage, (filter.page - 1) * filter.perPage],
  );
  const count = await db.query<{ n: number }>(
    `select count(*)::int as n from ${FROM} where ${where}`,
    values,
  );
  return { zones: rows.map(toZone), total: count.rows[0]?.n ?? 0 };
}

/** Hides the zone; its packs are taken off the edges by the workers. False where there was none. */
export async function hideZone(db: Db, accountId: string, id: string, now: Date): Promise<boolean> {
  const { rowCount } = await db.query(
    `update zones set deleted_on = $3, modified_on = $3, version = version + 1
      where id = $1 and account_id = $2 and deleted_on is null`,
    [id, accountId, now],
  );
  return rowCount === 1;
}

/** Removes hidden zones that have no pack left; their ids. */
export async function purgeZones(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `delete from zones where deleted_on is not null
        and not exists (select from packs where zone_id = zones.id) returning id`,
  );
  return rows.map(({ id }) => id);
}

/** Locks the zone against other writers and raises its version: the first statement of every change in it. */
export async function touchZone(tx: Tx, id: string): Promise<void> {
  await execute(tx, TOUCH, { id });
}

const TOUCH = statement('update zones set version = version + 1 where id = :id');

/** What a new pack of a zone gets. */
export interface Seat {
  readonly ord: number;
  readonly lane: number;
  /** A zone of its own below this one, in which one of the pack's names lies. */
  readonly deeperZone: string | undefined;
}

/**
 * As `touchZone`, and takes the next ordinal for a pack of these names, in A-labels and without wildcards. Throws
 * `zone_not_found` where the zone went meanwhile.
 */
export async function takeOrd(
  tx: Tx,
  { id, name }: { readonly id: string; readonly name: string },
  names: readonly string[],
): Promise<Seat> {
  const above = names.flatMap(suffixesOf).filter((one) => one.endsWith(`.${name}`));
  const { rows } = await execute<{ ord: string; lane: number; deeper: string | null }>(tx, TAKE_ORD, {
    id,
    above,
  });
  const row = rows[0];
  if (!row) throw new Fault('zone_not_found', `zone ${id} not found`);
  return { ord: Number(row.ord), lane: row.lane, deeperZone: row.deeper ?? undefined };
}

// How many names there are is hidden from the planner: it would plan anew for each number.
const TAKE_ORD = statement(`
  update zones set version = version + 1, next_ord = next_ord + 1
    from accounts where zones.id = :id and accounts.id = account_id and deleted_on is null
   returning next_ord - 1 as ord, lane,
     (select deeper.name from zones as deeper
       where deeper.name = any((select :above::text[])::text[]) and deeper.deleted_on is null limit 1) as deeper`);

const toZone = (row: ZoneRow): Zone => ({
  id: row.id,
  accountId: row.account_id,
  accountName: row.account_name,
  name: row.name,
  type: row.type,
  delegationUuid: row.delegation_uuid,
  createdOn: row.created_on,
  modifiedOn: row.modified_on,
});
