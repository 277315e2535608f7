/** Custom hostnames of zones, one by one. */
import type { AfterLook, CustomHostname, HostnameStatus, SslSettings } from '../pack/custom-hostname.ts';
import type { BundleMethod } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, stateOf, type Tx } from './store.ts';
import { EVERY_CELL, IN_ZONE, inCells, zoneKey } from './zone-key.ts';

/** A row of custom_hostnames. */
export interface HostnameRow {
  id: string;
  zone_id: string;
  ord: string;
  hostname: string;
  status: HostnameStatus;
  token: string;
  wildcard: boolean;
  bundle_method: BundleMethod;
  settings: SslSettings;
  metadata: Record<string, string> | null;
  origin_server: string | null;
  origin_sni: string | null;
  errors: string[];
  created_on: Date;
  modified_on: Date;
  looks: number;
  look_at: Date | null;
  absent_since: Date | null;
  deleted_on: Date | null;
}

const COLUMNS = [
  'id',
  'zone_id',
  'ord',
  'hostname',
  'status',
  'token',
  'wildcard',
  'bundle_method',
  'settings',
  'metadata',
  'origin_server',
  'origin_sni',
  'errors',
  'created_on',
  'modified_on',
  'looks',
  'look_at',
  'absent_since',
  'deleted_on',
] as const satisfies readonly (keyof HostnameRow)[];
/** The columns of a HostnameRow. */
export const HOSTNAME_COLUMNS = COLUMNS.map((name) => `custom_hostnames.${name}`).join(', ');

export const toHostname = (row: HostnameRow): CustomHostname => ({
  id: row.id,
  zoneId: row.zone_id,
  ord: Number(row.ord),
  hostname: row.hostname,
  status: row.status,
  token: row.token,
  wildcard: row.wildcard,
  bundleMethod: row.bundle_method,
  settings: row.settings,
  metadata: row.metadata ?? undefined,
  originServer: row.origin_server ?? undefined,
  originSni: row.origin_sni ?? undefined,
  errors: row.errors,
  createdOn: row.created_on,
  modifiedOn: row.modified_on,
  looks: row.looks,
  lookAt: row.look_at ?? undefined,
  absentSince: row.absent_since ?? undefined,
  deletedOn: row.deleted_on ?? undefined,
});

const valuesOf = (one: CustomHostname) => ({
  ...zoneKey(one.zoneId),
  id: one.id,
  ord: one.ord,
  hostname: one.hostname,
  status: one.status,
  token: one.token,
  wildcard: one.wildcard,
  bundle_method: one.bundleMethod,
  settings: JSON.stringify(one.settings),
  metadata: one.metadata ? JSON.stringify(one.metadata) : null,
  origin_server: one.originServer ?? null,
  origin_sni: one.originSni ?? null,
  errors: one.errors,
  created_on: one.createdOn,
  modified_on: one.modifiedOn,
  looks: one.looks,
  look_at: one.lookAt ?? null,
  absent_since: one.absentSince ?? null,
});

/** Stores a new hostname, in a transaction that holds its zone. False: the zone has one of that name; the transaction is lost then. */
export async function insertHostname(tx: Tx, one: CustomHostname): Promise<boolean> {
  try {
    await execute(tx, INSERT, valuesOf(one));
    return true;
  } catch (error) {
    if (stateOf(error) === '23505') return false;
    throw error;
  }
}

const INSERT = statement(`
  insert into custom_hostnames (cell, zone_id, id, ord, hostname, status, token, wildcard, bundle_method, settings, metadata,
    origin_server, origin_sni, errors, created_on, modified_on, looks, look_at)
  values (:cell, :zone, :id, :ord, :hostname, :status, :token, :wildcard, :bundle_method, :settings, :metadata,
    :origin_server, :origin_sni, :errors, :created_on, :modified_on, :looks, :look_at)`);

const THIS = `${IN_ZONE} and id = :id`;

/** A hostname, also one that was deleted a while ago; undefined where the zone has none of that id. */
export async function getHostname(db: Db, zoneId: string, id: string): Promise<CustomHostname | undefined> {
  const { rows } = await execute<HostnameRow>(db, GET, { ...zoneKey(zoneId), id });
  return rows[0] && toHostname(rows[0]);
}

const GET = statement(`select ${HOSTNAME_COLUMNS} from custom_hostnames where ${THIS}`);

/** The same, locked until the transaction ends. */
export async function lockHostname(tx: Tx, zoneId: string, id: string): Promise<CustomHostname | undefined> {
  const { rows } = await execute<HostnameRow>(tx, LOCK, { ...zoneKey(zoneId), id });
  return rows[0] && toHostname(rows[0]);
}

const LOCK = statement(`select ${HOSTNAME_COLUMNS} from custom_hostnames where ${THIS} for no key update`);

/** Id of the hostname of that name that a zone has; undefined: none. */
export async function findHostname(db: Db, zoneId: string, hostname: string): Promise<string | undefined> {
  const { rows } = await execute<{ id: string }>(db, FIND, { ...zoneKey(zoneId), hostname });
  return rows[0]?.id;
}

const FIND = statement(
  `select id from custom_hostnames where ${IN_ZONE} and hostname = :hostname and deleted_on is null`,
);

/** Writes what its owner changed of a hostname that is locked; it is looked at when `lookAt` says. */
export async function putHostname(tx: Tx, one: CustomHostname): Promise<void> {
  await execute(tx, PUT, valuesOf(one));
}

const PUT = statement(`
  update custom_hostnames
     set status = :status, wildcard = :wildcard, bundle_method = :bundle_method, settings = :settings, metadata = :metadata,
         origin_server = :origin_server, origin_sni = :origin_sni, modified_on = :modified_on, look_at = :look_at
   where ${THIS}`);

/** Writes what a look came to. When it is looked at next stays as it is where somebody wants it looked at meanwhile. */
export async function putHostnameLook(
  tx: Tx,
  one: Pick<CustomHostname, 'zoneId' | 'id' | 'lookAt'>,
  to: AfterLook,
): Promise<void> {
  await execute(tx, PUT_LOOK, {
    ...zoneKey(one.zoneId),
    id: one.id,
    had: one.lookAt ?? null,
    status: to.status,
    errors: to.errors,
    looks: to.looks,
    look_at: to.lookAt ?? null,
    absent_since: to.absentSince ?? null,
  });
}

const PUT_LOOK = statement(`
  update custom_hostnames
     set status = :status, errors = :errors, looks = :looks, absent_since = :absent_since,
         look_at = case when look_at is not distinct from :had::timestamptz then :look_at::timestamptz else look_at end
   where ${THIS}`);

/** Sets the status of a hostname that is locked, and when it is looked at next. */
export async function putHostnameStatus(
  tx: Tx,
  { zoneId, id }: Pick<CustomHostname, 'zoneId' | 'id'>,
  { status, lookAt }: { readonly status: HostnameStatus; readonly lookAt?: Date | undefined },
): Promise<void> {
  await execute(tx, PUT_STATUS, { ...zoneKey(zoneId), id, status, look_at: lookAt ?? null });
}

const PUT_STATUS = statement(`
  update custom_hostnames set status = :status, look_at = coalesce(:look_at, look_at) where ${THIS}`);

/** Gives a hostname that is locked another token: what shows the old one says nothing any more. */
export async function putHostnameToken(
  tx: Tx,
  { zoneId, id }: Pick<CustomHostname, 'zoneId' | 'id'>,
  token: string,
): Promise<void> {
  await execute(tx, PUT_TOKEN, { ...zoneKey(zoneId), id, token });
}

const PUT_TOKEN = statement(`update custom_hostnames set token = :token where ${THIS}`);

/** Marks a hostname as deleted: its name is free in the zone from then on. */
export async function hideHostname(
  tx: Tx,
  { zoneId, id }: Pick<CustomHostname, 'zoneId' | 'id'>,
  { now, lookAt }: { readonly now: Date; readonly lookAt: Date },
): Promise<void> {
  await execute(tx, HIDE, { ...zoneKey(zoneId), id, now, look_at: lookAt });
}

const HIDE = statement(`
  update custom_hostnames set status = 'pending_deletion', deleted_on = :now, modified_on = :now, look_at = :look_at, errors = '{}'
   where ${THIS}`);

/** Removes a hostname that was deleted. */
export async function deleteHostname(tx: Tx, zoneId: string, id: string): Promise<void> {
  await execute(tx, DELETE, { ...zoneKey(zoneId), id });
}

const DELETE = statement(`delete from custom_hostnames where ${THIS} and deleted_on is not null`);

/** Takes hostnames that are due to be looked at; whoever takes one has it until `until`. */
export async function takeDueHostnames(
  db: Db,
  { now, until, limit }: { readonly now: Date; readonly until: Date; readonly limit: number },
): Promise<CustomHostname[]> {
  const { rows } = await execute<HostnameRow>(db, TAKE_DUE, { cells: EVERY_CELL, now, until, limit });
  return rows.map(toHostname);
}

const TAKE_DUE = statement(`
  update custom_hostnames set look_at = :until
    from (select cell, zone_id, id from custom_hostnames where ${inCells('custom_hostnames')} and look_at <= :now
           order by look_at limit :limit for update skip locked) as due
   where ${inCells('custom_hostnames')} and custom_hostnames.cell = due.cell and custom_hostnames.zone_id = due.zone_id
     and custom_hostnames.id = due.id
  returning ${HOSTNAME_COLUMNS}`);

/** How many hostnames a zone has, those that are leaving not counted. */
export async function countHostnames(db: Db, zoneId: string): Promise<number> {
  const { rows } = await execute<{ n: number }>(db, COUNT, zoneKey(zoneId));
  return rows[0]?.n ?? 0;
}

const COUNT = statement(
  `select count(*)::int as n from custom_hostnames where ${IN_ZONE} and deleted_on is null`,
);
