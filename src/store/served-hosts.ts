/** Which packs cover a name on the edges: found by the name, as whoever asks knows no zone. */
import { wildcardOf } from '../pack/hosts.ts';
import type { Environment, Pack, PackKey } from '../pack/pack.ts';
import { type Candidate, serving } from '../pack/priority.ts';
import { suffixesOf } from './published-records.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { OF_PACK, packKey } from './zone-key.ts';

/** Covers names with a pack, and none but these. */
export async function cover(tx: Tx, pack: Pack, names: readonly string[]): Promise<void> {
  const { environment, type, createdOn, pair } = pack;
  const { since: created_on = createdOn, isStandby: is_standby = false } = pair ?? {};
  await uncover(tx, pack);
  await execute(tx, COVER, { ...packKey(pack), names, environment, type, created_on, is_standby });
}

const COVER = statement(`
  insert into served_hosts (host, environment, cell, zone_id, pack_id, type, created_on, is_standby)
  select unnest(:names::text[]), :environment, :cell, :zone, :pack, :type, :created_on, :is_standby`);

/** Covers no name with a pack any more. Whether it covered any. */
export async function uncover(tx: Tx, pack: PackKey): Promise<boolean> {
  const { rowCount } = await execute(tx, UNCOVER, packKey(pack));
  return rowCount !== null && rowCount > 0;
}

const UNCOVER = statement(`delete from served_hosts where ${OF_PACK}`);

/** Has a pack give way to the other of it and its backup, or the other to it, where both cover names. Whether it covers any. */
export async function giveWay(tx: Tx, pack: PackKey, isStandby: boolean): Promise<boolean> {
  const { rowCount } = await execute(tx, GIVE_WAY, { ...packKey(pack), is_standby: isStandby });
  return rowCount !== null && rowCount > 0;
}

const GIVE_WAY = statement(`update served_hosts set is_standby = :is_standby where ${OF_PACK}`);

interface CandidateRow {
  pack_id: string;
  zone_id: string;
  host: string;
  type: Candidate['type'];
  created_on: Date;
  is_standby: boolean;
  has_name: boolean;
}

/** The pack that serves `name` (or a wildcard as it is) in an environment, or undefined. */
export async function getServing(
  db: Db,
  name: string,
  environment: Environment,
): Promise<(PackKey & Pick<Pack, 'type'>) | undefined> {
  const names = [name, wildcardOf(name)];
  const { rows } = await execute<CandidateRow>(db, COVERING, {
    names,
    suffixes: suffixesOf(name),
    environment,
  });
  const candidates = rows.map((row) => ({
    packId: row.pack_id,
    zone: { id: row.zone_id },
    host: row.host,
    type: row.type,
    createdOn: row.created_on,
    isStandby: row.is_standby,
    hasName: row.has_name,
  }));
  const best = serving(candidates);
  return best && { id: best.packId, zone: best.zone, type: best.type };
}

const COVERING = statement(`
  select pack_id, zone_id, host, type, created_on, is_standby,
         exists (select from zone_names
                  where name = any(:suffixes) and zone_names.zone_id = served_hosts.zone_id and is_holder) as has_name
    from served_hosts where host = any(:names) and environment = :environment`);
