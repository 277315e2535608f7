import { Fault } from '../kit/fault.ts';
import { newDelegationUuid, newHexId } from '../kit/id.ts';
import type { PackZone, ZoneType } from '../pack/pack.ts';
import { reverse } from './published-records.ts';
import { statement, type Values } from './statement.ts';
import { type Db, execute, stateOf, type Tx } from './store.ts';
import { zoneKey } from './zone-key.ts';

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
const THIS = 'zones.cell = :cell and zones.id = :zone';

/** What a new zone is made from. */
interface NewZone {
  readonly accountId: string;
  readonly name: string;
  readonly type: ZoneType;
  /** Whether it is to have a Universal pack; it is not, unless told. */
  readonly isUniversalOn?: boolean;
}

/**
 * A new zone, in a transaction, whatever rests. Throws `zone_exists` where any account has one of that name, or another account has one
 * above or below it: whoever answers for a zone's DNS could prove control of all names in it.
 */
export async function createZone(tx: Tx, zone: NewZone, now: Date): Promise<string> {
  const key = zoneKey(newHexId());
  const { accountId: account, name, type, isUniversalOn: universal = false } = zone;
  const reversed = reverse(name);
  const values = { ...key, account, name, type, reversed };
  await takeName(tx, {
    ...values,
    suffixes: suffixesOf(name),
    below: `${reversed}.`,
    beyond: `${reversed}/`,
  });
  await execute(tx, CREATE, { ...values, universal, uuid: newDelegationUuid(), now });
  return key.zone;
}

async function takeName(tx: Tx, values: Values & { readonly name: string }): Promise<void> {
  try {
    const { rowCount } = await execute(tx, TAKE_NAME, values);
    if (rowCount === 0) throw notFree(values.name);
  } catch (error) {
    throw stateOf(error) === '23505' ? notFree(values.name) : error;
  }
}

const TAKE_NAME = statement(`
  insert into zone_names (name, reversed, account_id, type, cell, zone_id)
  select :name, :reversed, :account, :type, :cell, :zone
   where not exists (
     select from zone_names where account_id <> :account
        and (name = any(:suffixes) or reversed > :below and reversed < :beyond))`);

const CREATE = statement(`
  insert into zones (cell, id, account_id, name, type, universal, delegation_uuid, created_on, modified_on)
  values (:cell, :zone, :account, :name, :type, :universal, :uuid, :now, :now)`);

/** The fault of who asks for a name that is not for him, in the same words whatever the reason: these tell of others. */
export const notFree = (name: string): Fault =>
  new Fault(
    'zone_exists',
    `${name} is not free for this account: it, or a name above or below it, is another's, rests after somebody gave it up, ` +
      'or is kept by the operator; where it is yours, ask the operator',
    { pointer: '/name' },
  );

/** A name and all names above it. */
export const suffixesOf = (name: string): string[] => {
  const labels = name.split('.');
  return labels.map((_, i) => labels.slice(i).join('.'));
};

/** The zone of an account, or undefined where it has none of that id. */
export async function getZone(db: Db, accountId: string, id: string): Promise<Zone | undefined> {
  const { rows } = await execute<ZoneRow>(db, GET, { ...zoneKey(id), account: accountId });
  return rows[0] && toZone(rows[0]);
}

const GET = statement(
  `select ${COLUMNS} from ${FROM} where ${THIS} and account_id = :account and deleted_on is null`,
);

/** A zone of any account, or undefined where there is none of that id. */
export async function findZone(db: Db, id: string): Promise<Zone | undefined> {
  const { rows } = await execute<ZoneRow>(db, FIND, zoneKey(id));
  return rows[0] && toZone(rows[0]);
}

const FIND = statement(`select ${COLUMNS} from ${FROM} where ${THIS} and deleted_on is null`);

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
    and ($3::text is null or zones.id in (select zone_id from zone_names where name = $3)) and ($4::text[] is null or type = any($4))`;
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

/** Hides the zone, in a transaction; its packs are taken off the edges by the workers. False where there was none. */
export async function hideZone(tx: Tx, accountId: string, id: string, now: Date): Promise<boolean> {
  const { rows } = await execute<{ name: string }>(tx, HIDE, { ...zoneKey(id), account: accountId, now });
  const [hidden] = rows;
  if (hidden) await execute(tx, FREE_NAME, { name: hidden.name });
  return hidden !== undefined;
}

const HIDE = statement(`
  update zones set deleted_on = :now, modified_on = :now, version = version + 1
   where ${THIS} and account_id = :account and deleted_on is null returning name`);

const FREE_NAME = statement('delete from zone_names where name = :name');

/** Ids of the zones of these names that are there. */
export async function listZonesNamed(db: Db, names: readonly string[]): Promise<string[]> {
  const { rows } = await execute<{ zone_id: string }>(db, NAMED, { names });
  return rows.map(({ zone_id }) => zone_id);
}

const NAMED = statement('select zone_id from zone_names where name = any(:names)');

/** Removes hidden zones that have no pack left; their ids. */
export async function purgeZones(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `delete from zones where deleted_on is not null
        and not exists (select from packs where packs.cell = zones.cell and packs.zone_id = zones.id) returning id`,
  );
  return rows.map(({ id }) => id);
}

/** Locks the zone against other writers and raises its version: the first statement of every change in it. */
export async function touchZone(tx: Tx, id: string): Promise<void> {
  await execute(tx, TOUCH, zoneKey(id));
}

const TOUCH = statement(`update zones set version = version + 1 where ${THIS}`);

/** As `touchZone`. Throws `zone_not_found` where the zone went meanwhile. */
export async function holdZone(tx: Tx, id: string): Promise<void> {
  const { rowCount } = await execute(tx, HOLD, zoneKey(id));
  if (rowCount === 0) throw new Fault('zone_not_found', `zone ${id} not found`);
}

const HOLD = statement(`update zones set version = version + 1 where ${THIS} and deleted_on is null`);

/** What a new pack of a zone gets. */
export interface Seat {
  readonly ord: number;
  readonly lane: number;
}

/** As `touchZone`, and takes the next ordinal for a pack. Throws `zone_not_found` where the zone went meanwhile. */
export async function takeOrd(tx: Tx, { id }: { readonly id: string }): Promise<Seat> {
  const { rows } = await execute<{ ord: string; lane: number }>(tx, TAKE_ORD, zoneKey(id));
  const [row] = rows;
  if (!row) throw new Fault('zone_not_found', `zone ${id} not found`);
  return { ord: Number(row.ord), lane: row.lane };
}

const TAKE_ORD = statement(`
  update zones set version = version + 1, next_ord = next_ord + 1
    from accounts where ${THIS} and accounts.id = account_id and deleted_on is null
   returning next_ord - 1 as ord, lane`);

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
