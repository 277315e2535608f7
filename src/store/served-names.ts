/** Which names are served on the edges of an environment, many at a time: what edges are told that ask for no name. */
import { isWildcard, wildcardOf } from '../pack/hosts.ts';
import type { Environment, PackKey } from '../pack/pack.ts';
import type { Candidate } from '../pack/priority.ts';
import { suffixesOf } from './published-records.ts';
import { type CandidateRow, COVERING_COLUMNS, toCandidate } from './served-hosts.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { cellsOf, inCells } from './zone-key.ts';

/** Names that are covered, wildcards as they are, of those that follow `last`: up to `limit`, in order. */
export async function listServedNames(
  db: Db,
  environment: Environment,
  { last, limit }: { readonly last: string; readonly limit: number },
): Promise<string[]> {
  const { rows } = await execute<{ host: string }>(db, NAMES, { environment, last, limit });
  return rows.map(({ host }) => host);
}

const NAMES = statement(`
  select distinct host from served_hosts where environment = :environment and host > :last order by host limit :limit`);

/** The exact names that are covered and lie under one of these wildcards, of those that follow `last`. */
export async function listNamesUnder(
  db: Db,
  environment: Environment,
  {
    wildcards,
    last,
    limit,
  }: { readonly wildcards: readonly string[]; readonly last: string; readonly limit: number },
): Promise<string[]> {
  const { rows } = await execute<{ host: string }>(db, UNDER, { environment, wildcards, last, limit });
  return rows.map(({ host }) => host);
}

const UNDER = statement(`
  select distinct host from served_hosts
   where '*' || substr(host, strpos(host, '.')) = any(:wildcards) and environment = :environment and host not like '*.%'
     and host > :last order by host limit :limit`);

/** A pack that could serve a name, and its zone. */
export type NameCandidate = Candidate & Pick<PackKey, 'zone'>;

/**
 * As `listCandidates`, for many names as packs have them. A name that is covered by a wildcard alone has none: where it was covered
 * itself, what serves it since is the wildcard's, which is told by its own name and would be forgotten with it.
 */
export async function listCandidatesOf(
  db: Db,
  names: readonly string[],
  environment: Environment,
): Promise<ReadonlyMap<string, NameCandidate[]>> {
  const hosts = [...new Set(names.flatMap((name) => [name, wildcardOf(name)]))];
  const suffixes = [...new Set(names.flatMap(suffixesOf))];
  const [covering, holding] = await Promise.all([
    execute<Omit<CandidateRow, 'has_name'>>(db, COVERING, { hosts, environment }),
    execute<{ name: string; zone_id: string }>(db, HOLDING, { suffixes }),
  ]);
  const byHost = Map.groupBy(covering.rows, ({ host }) => host);
  const holders = Map.groupBy(holding.rows, ({ name }) => name);
  return new Map(
    names.map((name) => {
      const zones = suffixesOf(name).flatMap(
        (suffix) => holders.get(suffix)?.map((row) => row.zone_id) ?? [],
      );
      const own = byHost.get(name) ?? [];
      const rows =
        own.length === 0 || isWildcard(name) ? own : [...own, ...(byHost.get(wildcardOf(name)) ?? [])];
      const hasName = (row: Omit<CandidateRow, 'has_name'>) =>
        zones.includes(row.zone_id) || (row.is_shown && zones.length === 0);
      return [name, rows.map((row) => toCandidate({ ...row, has_name: hasName(row) }))];
    }),
  );
}

const COVERING = statement(
  `select ${COVERING_COLUMNS} from served_hosts where host = any(:hosts) and environment = :environment`,
);
const HOLDING = statement('select name, zone_id from zone_names where name = any(:suffixes) and is_holder');

/** Fingerprints of what edges are given of a pack. */
export interface ServedLeaves {
  readonly ecdsa?: string;
  readonly rsa?: string;
}

interface LeafRow {
  pack_id: string;
  algorithm: 'ecdsa' | 'rsa';
  fingerprint: string;
  is_coming: boolean;
}

/**
 * The leaves of packs that have keys: as `listKeyPairs` chooses them, and those of keys of regions that one of these private keys
 * opens. Packs that have none are left out.
 */
export async function listLeaves(
  db: Db,
  packs: readonly PackKey[],
  regionKeyIds: readonly string[],
): Promise<ReadonlyMap<string, ServedLeaves>> {
  const zones = packs.map(({ zone }) => zone.id);
  const values = { ...cellsOf(zones), zones, packs: packs.map(({ id }) => id), key_ids: regionKeyIds };
  const { rows } = await execute<LeafRow>(db, LEAVES, values);
  return new Map([...Map.groupBy(rows, (row) => row.pack_id)].map(([id, all]) => [id, servedOf(all)]));
}

function servedOf(rows: readonly LeafRow[]): ServedLeaves {
  const [coming, present] = [rows.filter((row) => row.is_coming), rows.filter((row) => !row.is_coming)];
  const isWhole = present.every(({ algorithm }) => coming.some((row) => row.algorithm === algorithm));
  const served = coming.length > 0 && isWhole ? coming : present;
  return Object.fromEntries(served.map(({ algorithm, fingerprint }) => [algorithm, fingerprint]));
}

const own = (table: string): string =>
  `${inCells(table)} and ${table}.cell = asked.cell and ${table}.zone_id = asked.zone_id and ${table}.pack_id = asked.id`;

const LEAVES = statement(`
  select asked.id as pack_id, found.algorithm, found.fingerprint, found.is_coming
    from unnest(:own::smallint[], :zones::text[], :packs::uuid[]) as asked (cell, zone_id, id)
   cross join lateral (
     select algorithm, fingerprint, false as is_coming from certificates
      where ${own('certificates')}
        and (sealed_key is not null
             or exists (select from region_keys
                         where ${own('region_keys')} and region_keys.algorithm = certificates.algorithm
                           and key_id = any(:key_ids::text[])))
     union all
     select algorithm, fingerprint, true from successors where ${own('successors')}) as found`);
