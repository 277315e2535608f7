/** Which packs cover a name on the edges: found by the name, as whoever asks knows no zone. */
import { wildcardOf } from '../pack/hosts.ts';
import { GOING } from '../pack/lifecycle.ts';
import type { Environment, Pack, PackKey } from '../pack/pack.ts';
import { type Candidate, serving, successor } from '../pack/priority.ts';
import { type Restriction, restrictionOf } from '../pack/region.ts';
import { TYPES } from '../pack/type.ts';
import { suffixesOf } from './published-records.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, OF_PACK, packKey, zoneKey } from './zone-key.ts';

/** Covers names with a pack, and none but these. What was left to it of these, or has it give way, stays so. */
export async function cover(tx: Tx, pack: Pack, names: readonly string[]): Promise<void> {
  const { environment, type, createdOn, pair } = pack;
  const { since: created_on = createdOn, isStandby: is_standby = false } = pair ?? {};
  await execute(tx, UNCOVER_OTHERS, { ...packKey(pack), environment, names });
  const { priority = 0 } = pack.upload ?? {};
  const restriction = restrictionOf(pack) ?? null;
  const ordered = { type, created_on, is_standby, priority, restriction, not_after: endOf(pack) };
  await execute(tx, COVER, { ...packKey(pack), names, environment, ...ordered });
}

const COVER = statement(`
  insert into served_hosts (host, environment, cell, zone_id, pack_id, type, created_on, is_standby, priority, not_after,
    restriction)
  select unnest(:names::text[]), :environment, :cell, :zone, :pack, :type, :created_on, :is_standby, :priority, :not_after,
         :restriction::jsonb
  on conflict (host, environment, pack_id) do update
     set type = excluded.type, created_on = excluded.created_on, is_standby = excluded.is_standby, priority = excluded.priority,
         not_after = excluded.not_after, restriction = excluded.restriction`);

const UNCOVER_OTHERS = statement(`
  delete from served_hosts where ${OF_PACK} and (environment <> :environment or host <> all(:names::text[]))`);

/** When the first certificate of an upload ends; those of others are renewed. */
function endOf({ type, certificates }: Pack): Date | null {
  if (TYPES[type].renewedBy !== 'owner') return null;
  const [first] = certificates.map(({ notAfter }) => notAfter).toSorted((a, b) => a.getTime() - b.getTime());
  return first ?? null;
}

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

/** Puts an upload before or behind others of its type where they cover the same names. Whether it covers any. */
export async function putPriority(tx: Tx, pack: PackKey, priority: number): Promise<boolean> {
  const { rowCount } = await execute(tx, PUT_PRIORITY, { ...packKey(pack), priority });
  return rowCount !== null && rowCount > 0;
}

const PUT_PRIORITY = statement(`update served_hosts set priority = :priority where ${OF_PACK}`);

/** Keeps a pack that covers names to other places from now on. */
export async function keepTo(tx: Tx, pack: PackKey, restriction: Restriction | undefined): Promise<void> {
  await execute(tx, KEEP_TO, { ...packKey(pack), restriction: restriction ?? null });
}

const KEEP_TO = statement(`update served_hosts set restriction = :restriction::jsonb where ${OF_PACK}`);

/**
 * Leaves the hosts of an upload, where it is the one that serves them of its zone, to the one that ends last of those like it, in the
 * transaction that takes it off. Source: Cloudflare, certificate and hostname priority.
 */
export async function leaveHosts(tx: Tx, pack: Pack, now: Date): Promise<void> {
  if (TYPES[pack.type].renewedBy !== 'owner') return;
  const { rows } = await execute<CandidateRow>(tx, RIVALS, {
    ...packKey(pack),
    environment: pack.environment,
    going: GOING,
  });
  const left = [...Map.groupBy(rows.map(toCandidate), ({ host }) => host).values()].flatMap((rivals) => {
    const first = serving(rivals);
    const next = first?.packId === pack.id ? successor(first, rivals) : undefined;
    return next && next !== serving(rivals.filter((one) => one !== first)) ? [next] : [];
  });
  if (left.length === 0) return;
  const hosts = left.map(({ host }) => host);
  const packs = left.map(({ packId }) => packId);
  await execute(tx, CHOOSE, { ...zoneKey(pack.zone.id), environment: pack.environment, hosts, packs, now });
}

const CHOOSE = statement(`
  update served_hosts set chosen_on = :now
    from unnest(:hosts::text[], :packs::uuid[]) as chosen (name, id)
   where ${IN_ZONE} and environment = :environment and host = name and pack_id = id`);

/** Puts an upload behind all others that cover its names, or back to its place. Whether it covers any. */
export async function yieldNames(tx: Tx, pack: PackKey, isYielding: boolean): Promise<boolean> {
  const { rowCount } = await execute(tx, YIELD, { ...packKey(pack), is_yielding: isYielding });
  return rowCount !== null && rowCount > 0;
}

const YIELD = statement(`update served_hosts set is_yielding = :is_yielding where ${OF_PACK}`);

/** A row of `COVERING_COLUMNS`, and whether the zone has the name. */
export interface CandidateRow {
  pack_id: string;
  zone_id: string;
  host: string;
  type: Candidate['type'];
  created_on: Date;
  is_standby: boolean;
  priority: number;
  not_after: Date | null;
  chosen_on: Date | null;
  is_yielding: boolean;
  restriction: Restriction | null;
  has_name: boolean;
  is_shown: boolean;
  is_going?: boolean;
}

/** Every pack that could serve `name` (or a wildcard as it is) in an environment. */
export async function listCandidates(
  db: Db,
  name: string,
  environment: Environment,
): Promise<(Candidate & Pick<PackKey, 'zone'>)[]> {
  const names = [name, wildcardOf(name)];
  const { rows } = await execute<CandidateRow>(db, COVERING, {
    names,
    suffixes: suffixesOf(name),
    environment,
  });
  return rows.map(toCandidate);
}

export const toCandidate = (row: CandidateRow): Candidate & Pick<PackKey, 'zone'> => ({
  packId: row.pack_id,
  zone: { id: row.zone_id },
  host: row.host,
  type: row.type,
  createdOn: row.created_on,
  isStandby: row.is_standby,
  priority: row.priority,
  restriction: row.restriction ?? undefined,
  notAfter: row.not_after ?? undefined,
  chosenOn: row.chosen_on ?? undefined,
  isYielding: row.is_yielding,
  hasName: row.has_name,
  isShown: row.is_shown,
  ...(row.is_going && { isGoing: true }),
});

/** The pack that serves `name` (or a wildcard as it is) in an environment, wherever its key may be, or undefined. */
export async function getServing(
  db: Db,
  name: string,
  environment: Environment,
): Promise<(PackKey & Pick<Pack, 'type'>) | undefined> {
  const best = serving(await listCandidates(db, name, environment));
  return best && { id: best.packId, zone: best.zone, type: best.type };
}

/** What decides which pack serves a name. */
const ORDER_OF =
  'pack_id, zone_id, host, type, created_on, is_standby, priority, not_after, chosen_on, is_yielding, restriction';

/** Columns of `served_hosts` by which a row is a candidate, but for whether its zone has the name. */
export const COVERING_COLUMNS = `${ORDER_OF},
                 type in ('managed_hostname', 'mh_custom')
                   and exists (select from hostname_owners
                                where hostname = regexp_replace(host, '^\\*\\.', '')
                                  and hostname_owners.zone_id = served_hosts.zone_id) as is_shown`;

// A zone of the name goes before whoever has a custom hostname there, and whose that is before all others.
const COVERING = statement(`
  with holder as materialized (select zone_id from zone_names where name = any(:suffixes) and is_holder)
  select found.*, zone_id in (select zone_id from holder) or is_shown and not exists (select from holder) as has_name
    from (select ${COVERING_COLUMNS}
            from served_hosts where host = any(:names) and environment = :environment) as found`);

/** Whether a pack of a zone that covers hosts is there only until what took its place is shown. */
const IS_REPLACED = `
     (exists (select from uploads
               where ${IN_ZONE} and uploads.pack_id = served_hosts.pack_id and not is_current)
      or exists (select from custom_hostname_packs as of_hostname
                  where ${IN_ZONE} and of_hostname.pack_id = served_hosts.pack_id and not is_current))`;

/** All that cover the same hosts for one zone, but those that are there only until what took their place is shown. */
const RIVALS = statement(`
  select ${ORDER_OF}, true as has_name, true as is_shown,
         exists (select from packs where ${IN_ZONE} and packs.id = served_hosts.pack_id and status = any(:going)) as is_going
    from served_hosts
   where ${IN_ZONE} and environment = :environment
     and not ${IS_REPLACED}
     and host in (select own.host from served_hosts as own
                   where own.cell = :cell and own.zone_id = :zone and own.pack_id = :pack)`);
