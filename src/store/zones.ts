import { Fault } from '../kit/fault.ts';
import { newDelegationUuid, newHexId } from '../kit/id.ts';
import type { ZoneStatus, ZoneType } from '../pack/pack.ts';
import { reverse, suffixesOf } from './published-records.ts';
import { statement, type Values } from './statement.ts';
import { type Db, execute, stateOf, type Tx } from './store.ts';
import { zoneKey } from './zone-key.ts';
import { toZone, ZONE_COLUMNS, type Zone, type ZoneRow } from './zone-row.ts';

const FROM = 'zones join accounts on accounts.id = account_id';
const THIS = 'zones.cell = :cell and zones.id = :zone';

/** A zone that is made. */
export interface ZoneMade {
  readonly accountId: string;
  readonly name: string;
  readonly type: ZoneType;
  /** What it is to be delegated to; all of the operator's name servers unless told. */
  readonly nameServers?: readonly string[] | undefined;
  readonly wantsText?: boolean;
  /** Whether it is to have a Universal pack; it is not, unless told. */
  readonly isUniversalOn?: boolean;
  /** Where it is not to be a random one. */
  readonly id?: string | undefined;
}

/**
 * A new zone that is active, in a transaction, whatever rests. Throws `zone_exists` where any account has one of that name, or
 * another account has one above or below it: whoever answers for a zone's DNS could prove control of all names in it.
 */
export async function createZone(tx: Tx, zone: ZoneMade, now: Date): Promise<string> {
  const key = zoneKey(zone.id ?? newHexId());
  await takeName(tx, { ...key, ...nameValues(zone) });
  await execute(tx, CREATE, { ...key, ...rowValues(zone, now), ...ACTIVE });
  return key.zone;
}

/** A new zone that claims its name, which another may claim or have too; due to be looked at. */
export async function claimZone(tx: Tx, zone: ZoneMade, now: Date): Promise<string> {
  const key = zoneKey(zone.id ?? newHexId());
  await execute(tx, CLAIM_NAME, { ...key, ...nameValues(zone) });
  await execute(tx, CREATE, { ...key, ...rowValues(zone, now), ...CLAIMING, look_at: now });
  return key.zone;
}

const ACTIVE = { status: 'active', has_name: true, look_at: null };
const CLAIMING = { status: 'initializing', has_name: false };

const nameValues = ({ accountId: account, name, type }: ZoneMade) => ({
  account,
  name,
  type,
  reversed: reverse(name),
});

const rowValues = ({ accountId: account, name, type, ...zone }: ZoneMade, now: Date) => ({
  account,
  name,
  type,
  uuid: newDelegationUuid(),
  name_servers: zone.nameServers ?? null,
  wants_text: zone.wantsText ?? false,
  universal: zone.isUniversalOn ?? false,
  now,
});

async function takeName(tx: Tx, values: Values & { readonly name: string; readonly reversed: string }) {
  const { name, reversed } = values;
  const around = { suffixes: suffixesOf(name), below: `${reversed}.`, beyond: `${reversed}/` };
  try {
    const { rowCount } = await execute(tx, TAKE_NAME, { ...values, ...around });
    if (rowCount === 0) throw notFree(name);
  } catch (error) {
    throw stateOf(error) === '23505' ? notFree(name) : error;
  }
}

const TAKE_NAME = statement(`
  insert into zone_names (name, reversed, account_id, type, cell, zone_id, is_holder, is_active)
  select :name, :reversed, :account, :type, :cell, :zone, true, true
   where not exists (
     select from zone_names where account_id <> :account and is_holder
        and (name = any(:suffixes) or reversed > :below and reversed < :beyond))`);

const CLAIM_NAME = statement(`
  insert into zone_names (name, reversed, account_id, type, cell, zone_id, is_holder, is_active)
  values (:name, :reversed, :account, :type, :cell, :zone, false, false)`);

const CREATE = statement(`
  insert into zones (cell, id, account_id, name, type, delegation_uuid, created_on, modified_on, name_servers, wants_text,
    universal, status, has_name, look_at, activated_on)
  values (:cell, :zone, :account, :name, :type, :uuid, :now, :now, :name_servers, :wants_text,
    :universal, :status, :has_name, :look_at, case when :has_name then :now::timestamptz end)`);

/** The fault of who asks for a name that is not for him, in the same words whatever the reason: these tell of others. */
export const notFree = (name: string): Fault =>
  new Fault(
    'zone_exists',
    `${name} is not free for this account: it, or a name above or below it, is another's, rests after somebody gave it up, ` +
      'or is kept by the operator; where it is yours, ask the operator',
    { pointer: '/name' },
  );

/** The zone of an account, or undefined where it has none of that id. */
export async function getZone(db: Db, accountId: string, id: string): Promise<Zone | undefined> {
  const { rows } = await execute<ZoneRow>(db, GET, { ...zoneKey(id), account: accountId });
  return rows[0] && toZone(rows[0]);
}

const GET = statement(
  `select ${ZONE_COLUMNS} from ${FROM} where ${THIS} and account_id = :account and deleted_on is null`,
);

/** A zone of any account, or undefined where there is none of that id. */
export async function findZone(db: Db, id: string): Promise<Zone | undefined> {
  const { rows } = await execute<ZoneRow>(db, FIND, zoneKey(id));
  return rows[0] && toZone(rows[0]);
}

const FIND = statement(`select ${ZONE_COLUMNS} from ${FROM} where ${THIS} and deleted_on is null`);

/** Name of a zone; undefined where there is none, or it is hidden. */
export async function getZoneName(db: Db, id: string): Promise<string | undefined> {
  const { rows } = await execute<{ name: string }>(db, NAME_OF, zoneKey(id));
  return rows[0]?.name;
}

const NAME_OF = statement(`select name from zones where ${THIS} and deleted_on is null`);

/** Hides the zone, in a transaction; its packs are taken off the edges by the workers. False where there was none. */
export async function hideZone(tx: Tx, accountId: string, id: string, now: Date): Promise<boolean> {
  const { rows } = await execute<{ name: string }>(tx, HIDE, { ...zoneKey(id), account: accountId, now });
  const [hidden] = rows;
  if (hidden) await execute(tx, FREE_NAME, { name: hidden.name, zone: id });
  return hidden !== undefined;
}

const HIDE = statement(`
  update zones set deleted_on = :now, modified_on = :now, version = version + 1, look_at = null, has_name = false
   where ${THIS} and account_id = :account and deleted_on is null returning name`);

const FREE_NAME = statement('delete from zone_names where name = :name and zone_id = :zone');

/** Ids of the zones of these names that are there. */
export async function listZonesNamed(db: Db, names: readonly string[]): Promise<string[]> {
  const { rows } = await execute<{ zone_id: string }>(db, NAMED, { names });
  return rows.map(({ zone_id }) => zone_id);
}

const NAMED = statement('select zone_id from zone_names where name = any(:names)');

/** Removes hidden zones that have no pack left; their ids. The ends of their chains are kept. */
export async function purgeZones(db: Db, now: Date): Promise<string[]> {
  const { rows } = await execute<{ id: string }>(db, PURGE, { now });
  return rows.map(({ id }) => id);
}

const PURGE = statement(`
  with gone as (
    delete from zones where deleted_on is not null
        and not exists (select from packs where packs.cell = zones.cell and packs.zone_id = zones.id)
    returning cell, id, chain_place, chain_hash),
  ended as (
    insert into audit_checkpoints (cell, zone_id, kind, place, hash, made_on)
    select cell, id, 'end', chain_place, chain_hash, :now from gone where chain_place > 0)
  select id from gone`);

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
  /** How the zone stands. */
  readonly zone: Pick<Zone, 'status' | 'isPaused' | 'isDeactivated'>;
}

/** As `touchZone`, and takes the next ordinal for a pack. Throws `zone_not_found` where the zone went meanwhile. */
export async function takeOrd(tx: Tx, { id }: { readonly id: string }): Promise<Seat> {
  const { rows } = await execute<SeatRow>(tx, TAKE_ORD, zoneKey(id));
  const [row] = rows;
  if (!row) throw new Fault('zone_not_found', `zone ${id} not found`);
  const { status, is_paused: isPaused, is_deactivated: isDeactivated } = row;
  return { ord: Number(row.ord), lane: row.lane, zone: { status, isPaused, isDeactivated } };
}

interface SeatRow {
  ord: string;
  lane: number;
  status: ZoneStatus;
  is_paused: boolean;
  is_deactivated: boolean;
}

const TAKE_ORD = statement(`
  update zones set version = version + 1, next_ord = next_ord + 1
    from accounts where ${THIS} and accounts.id = account_id and deleted_on is null
   returning next_ord - 1 as ord, lane, status, is_paused, is_deactivated`);
