/** Whose a custom hostname is, of all zones of all accounts that have it. Changed under the lock of its registered domain, but for giving up. */
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** The hostname of a zone that has a name. */
export interface HostnameOwner {
  readonly zoneId: string;
  readonly hostnameId: string;
}

/** Who has a name; undefined: nobody. */
export async function getHostnameOwner(db: Db, hostname: string): Promise<HostnameOwner | undefined> {
  const { rows } = await execute<{ zone_id: string; hostname_id: string }>(db, GET, { hostname });
  return rows[0] && { zoneId: rows[0].zone_id, hostnameId: rows[0].hostname_id };
}

const GET = statement('select zone_id, hostname_id from hostname_owners where hostname = :hostname');

/** Gives a name to a hostname of a zone, whoever had it. */
export async function putHostnameOwner(
  tx: Tx,
  hostname: string,
  { zoneId, hostnameId }: HostnameOwner,
): Promise<void> {
  await execute(tx, PUT, { ...zoneKey(zoneId), hostname, id: hostnameId });
}

const PUT = statement(`
  insert into hostname_owners (hostname, cell, zone_id, hostname_id) values (:hostname, :cell, :zone, :id)
  on conflict (hostname) do update
    set (cell, zone_id, hostname_id) = (excluded.cell, excluded.zone_id, excluded.hostname_id)`);

/** Has a hostname give up its name. Whether it had it. */
export async function releaseHostname(
  tx: Tx,
  hostname: string,
  { zoneId, hostnameId }: HostnameOwner,
): Promise<boolean> {
  const { rowCount } = await execute(tx, RELEASE, { ...zoneKey(zoneId), hostname, id: hostnameId });
  return rowCount === 1;
}

const RELEASE = statement(
  `delete from hostname_owners where hostname = :hostname and ${IN_ZONE} and hostname_id = :id`,
);

/** Has all hostnames of a zone that goes give up their names, and looked at no more. */
export async function releaseHostnames(tx: Tx, zoneId: string): Promise<void> {
  await execute(tx, RELEASE_ALL, zoneKey(zoneId));
  await execute(tx, UNLOOK, zoneKey(zoneId));
  await execute(tx, UNLOOK_ORIGIN, zoneKey(zoneId));
}

const RELEASE_ALL = statement(`delete from hostname_owners where ${IN_ZONE}`);
const UNLOOK = statement(`update custom_hostnames set look_at = null where ${IN_ZONE}`);
const UNLOOK_ORIGIN = statement(`update fallback_origins set look_at = null where ${IN_ZONE}`);
