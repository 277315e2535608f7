/** What Total TLS has to look at in a zone, and what it finds there. */
import { isWildcard, toName, withoutWildcard } from '../pack/hosts.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { PACK_STATUSES, type Pack, type PackZone } from '../pack/pack.ts';
import { isProxiable, RECORD_TYPES } from '../record/record.ts';
import { reverse } from './published-records.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** Names of a zone from one to another, both included, with their labels in reverse order. */
export interface NameRange {
  readonly low: string;
  readonly high: string;
}

/** The names that a host covers: itself, or all below its wildcard. */
export function rangeOf(host: string): NameRange {
  const name = toName(host);
  const base = reverse(withoutWildcard(name));
  return isWildcard(name) ? { low: `${base}.`, high: `${base}/` } : { low: base, high: base };
}

/** All names of a zone. */
export const rangeOfZone = ({ name }: Pick<PackZone, 'name'>): NameRange => ({
  low: reverse(name),
  high: `${reverse(name)}/`,
});

/** Names one by one, as they are or are written in a record. */
export const rangesOf = (names: readonly string[]): NameRange[] =>
  [...new Set(names)].map(reverse).map((name) => ({ low: name, high: name }));

/** Values for the ranges of a statement. */
export const rangeValues = (ranges: readonly NameRange[]) => ({
  lows: ranges.map(({ low }) => low),
  highs: ranges.map(({ high }) => high),
});

/** Rows of `RANGES` in `total_tls_looks`, where a look at the same names may be due already. */
export const SOONER = `on conflict (cell, zone_id, low, high) do update
  set look_at = least(total_tls_looks.look_at, excluded.look_at)`;

/**
 * Has names of a zone looked at at an instant, where Total TLS is on, or else where it `isAsked`: no range twice. What is due
 * already stays due.
 */
export async function lookAtNames(
  tx: Tx,
  zoneId: string,
  { ranges, at, isAsked = false }: { ranges: readonly NameRange[]; at: Date; isAsked?: boolean },
): Promise<void> {
  if (ranges.length > 0)
    await execute(tx, LOOK, { ...zoneKey(zoneId), ...rangeValues(ranges), at, asked: isAsked });
}

const LOOK = statement(`
  with zone as (
    update zones set managed_due = least(managed_due, :at)
     where cell = :cell and id = :zone and (total_tls or :asked) and deleted_on is null returning id)
  insert into total_tls_looks (cell, zone_id, low, high, look_at)
  select :cell, :zone, low, high, :at from zone cross join unnest(:lows::text[], :highs::text[]) as range (low, high)
  ${SOONER}`);

/** Takes names of a zone that are due one by one, at most `limit`, those first that are due for the longest time. */
export async function takeDueNames(tx: Tx, zoneId: string, now: Date, limit: number): Promise<string[]> {
  const { rows } = await execute<{ low: string }>(tx, TAKE_NAMES, { ...zoneKey(zoneId), now, limit });
  return rows.map(({ low }) => reverse(low));
}

const TAKE_NAMES = statement(`
  delete from total_tls_looks
   where ${IN_ZONE} and low = high and low in (
     select low from total_tls_looks where ${IN_ZONE} and look_at <= :now and low = high order by look_at limit :limit)
  returning low`);

/**
 * Takes names of a range that is due, at most `limit`: those of proxied records. What is left of the range stays due. A pack whose
 * name has no such record has been looked at since, or is, by its name.
 */
export async function takeNamesInRange(tx: Tx, zoneId: string, now: Date, limit: number): Promise<string[]> {
  const key = zoneKey(zoneId);
  const { rows: ranges } = await execute<NameRange>(tx, TAKE_RANGE, { ...key, now });
  const [range] = ranges;
  if (!range) return [];
  const { rows } = await execute<{ reversed: string }>(tx, NAMES_IN, { ...key, ...range, limit });
  const last = rows.at(-1)?.reversed;
  if (last !== undefined && rows.length === limit)
    await execute(tx, LEFT, { ...key, low: last, high: range.high, at: now });
  return rows.map(({ reversed }) => reverse(reversed));
}

const TAKE_RANGE = statement(`
  delete from total_tls_looks
   where ${IN_ZONE} and (low, high) in (
     select low, high from total_tls_looks where ${IN_ZONE} and look_at <= :now and low < high order by look_at limit 1)
  returning low, high`);

const LEAVING = PACK_STATUSES.filter(isLeaving);
const PROXIED = `is_proxied and type in (${RECORD_TYPES.filter(isProxiable)
  .map((type) => `'${type}'`)
  .join(', ')})`;

const NAMES_IN = statement(`
  select distinct reversed from dns_records
   where ${IN_ZONE} and reversed >= :low and reversed <= :high and ${PROXIED} order by reversed limit :limit`);

// No name has a character that comes before the first that can be seen.
const LEFT = statement(`
  insert into total_tls_looks (cell, zone_id, low, high, look_at) values (:cell, :zone, :low || chr(1), :high, :at)
  ${SOONER}`);

/** Has a zone looked at when the next of its names is due, if any is: behind zones that are due by now. */
export async function remindOfNames(tx: Tx, zoneId: string, now: Date): Promise<void> {
  await execute(tx, REMIND, { ...zoneKey(zoneId), now });
}

const REMIND = statement(`
  update zones set managed_due = least(managed_due, (
    select greatest(look_at, :now) from total_tls_looks where ${IN_ZONE} order by look_at limit 1))
   where cell = :cell and id = :zone`);

/** Those among names of a zone that have a proxied record. */
export async function listProxied(tx: Tx, zoneId: string, names: readonly string[]): Promise<Set<string>> {
  const { rows } = await execute<{ name: string }>(tx, WITH_RECORD, { ...zoneKey(zoneId), names });
  return new Set(rows.map(({ name }) => name));
}

const WITH_RECORD = statement(
  `select distinct name from dns_records where ${IN_ZONE} and name = any(:names) and ${PROXIED}`,
);

/** A host of a zone, and a pack that has it. */
export type HostOfPack = Pick<Pack, 'id' | 'type' | 'status' | 'statusSince' | 'environment'> & {
  readonly host: string;
  /** Whether it is kept off the edges, as a backup or because its backup is there. */
  readonly isStandby: boolean;
  /** Whether its key is kept to regions. */
  readonly isRestricted: boolean;
};

/** Packs of a zone that have one of these hosts and are not leaving, in order of creation. */
export async function listPacksWith(
  tx: Tx,
  { id, accountId }: Pick<PackZone, 'id' | 'accountId'>,
  hosts: readonly string[],
): Promise<HostOfPack[]> {
  const key = zoneKey(id);
  const at = { ...key, account: accountId, reversed: hosts.map(reverse) };
  const { rows: places } = await execute<{ ord: string; reversed: string }>(tx, WITH_HOST, at);
  if (places.length === 0) return [];
  const ords = [...new Set(places.map(({ ord }) => ord))];
  const { rows } = await execute<CoverRow>(tx, AT_PLACES, { ...key, ords, leaving: LEAVING });
  return rows.flatMap(
    ({ ord, status_since: statusSince, is_standby: isStandby, is_restricted: isRestricted, ...row }) =>
      places
        .filter((place) => place.ord === ord)
        .map(({ reversed }) => ({ ...row, host: reverse(reversed), statusSince, isStandby, isRestricted })),
  );
}

type CoverRow = Pick<Pack, 'id' | 'type' | 'status' | 'environment'> & {
  ord: string;
  status_since: Date;
  is_standby: boolean;
  is_restricted: boolean;
};

// Two statements: of a join in tables that grew a moment ago the planner does not know with which to begin.
const WITH_HOST = statement(
  `select ord, reversed from pack_hosts where ${IN_ZONE} and account_id = :account and reversed = any(:reversed)`,
);
const AT_PLACES = statement(`
  select ord, id, type, status, status_since, environment, is_standby,
         exists (select from uploads where ${IN_ZONE} and pack_id = packs.id and restriction is not null)
           or exists (select from keyless_certificates
                       where ${IN_ZONE} and pack_id = packs.id and restriction is not null) as is_restricted
    from packs
   where ${IN_ZONE} and ord = any(:ords::bigint[]) and status <> all(:leaving) order by ord`);

/** Leaves a name out from now on. */
export async function putOptOut(tx: Tx, zoneId: string, name: string, now: Date): Promise<void> {
  await execute(tx, OPT_OUT, { ...zoneKey(zoneId), name, now });
}

const OPT_OUT = statement(`
  insert into total_tls_opt_outs (cell, zone_id, name, made_on) values (:cell, :zone, :name, :now) on conflict do nothing`);

/** Those among names of a zone that are left out. */
export async function listOptedOut(db: Db, zoneId: string, names: readonly string[]): Promise<Set<string>> {
  const { rows } = await execute<{ name: string }>(db, OPTED_OUT, { ...zoneKey(zoneId), names });
  return new Set(rows.map(({ name }) => name));
}

const OPTED_OUT = statement(`select name from total_tls_opt_outs where ${IN_ZONE} and name = any(:names)`);
