/** Deployments as they are proved all the time: which are due, and what a look came to. */
import type { Environment, PackKey, PackStatus } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, repeated, type Tx } from './store.ts';
import { cellsOf, inCells, type KeyRow, OF_PACK, packKey, toKey } from './zone-key.ts';

/** What an edge is to show of a pack: fingerprints by algorithm; null: none. */
export interface WantedLeaves {
  readonly ecdsa: string | null;
  readonly rsa: string | null;
}

/** A deployment that is due to be looked at, and what of its pack is needed for that. */
export interface DueDeployment {
  readonly pack: PackKey;
  readonly edge: string;
  readonly wanted: WantedLeaves;
  /** Since when the edge answers and shows something else. */
  readonly wrongSince: Date | undefined;
  /** Whether the last look saw something wrong, or nobody answered. */
  readonly hasProblem: boolean;
  /** Place of the name from which the look goes on. */
  readonly nextName: number;
  readonly status: PackStatus;
  readonly driftedOn: Date | undefined;
  readonly hosts: readonly string[];
  readonly environment: Environment;
}

interface DueRow extends KeyRow {
  edge: string;
  desired_ecdsa: string | null;
  desired_rsa: string | null;
  wrong_since: Date | null;
  has_problem: boolean;
  next_name: number;
  status: PackStatus;
  drifted_on: Date | null;
  hosts: string[];
  environment: Environment;
}

/** Which deployments are taken: those of `edges`, at most `limit`, the longest unproved first. */
export interface WantedLooks {
  readonly cells: readonly number[];
  readonly edges: readonly string[];
  readonly now: Date;
  /** When they are looked at again, whatever comes. */
  readonly until: Date;
  readonly limit: number;
}

/**
 * Takes deployments that are due to be looked at: those alone that had a problem, or any. Another process does not get them
 * before `until`.
 */
export async function takeDueDeployments(
  db: Db,
  which: 'problems' | 'all',
  what: WantedLooks,
): Promise<DueDeployment[]> {
  const { rows } = await repeated(db, () => execute<DueRow>(db, TAKE[which], { ...what }));
  return rows.map((row) => ({
    pack: toKey(row),
    edge: row.edge,
    wanted: { ecdsa: row.desired_ecdsa, rsa: row.desired_rsa },
    wrongSince: row.wrong_since ?? undefined,
    hasProblem: row.has_problem,
    nextName: row.next_name,
    status: row.status,
    driftedOn: row.drifted_on ?? undefined,
    hosts: row.hosts,
    environment: row.environment,
  }));
}

const WANTED = '(deployments.desired_ecdsa is not null or deployments.desired_rsa is not null)';

// Each cell and edge by its own part of the index, the packs one by one, by their keys.
const taking = (condition: string) =>
  statement(`
  with due as materialized (
    select found.* from unnest(:cells::smallint[]) as wanted (cell) cross join unnest(:edges::text[]) as at (name)
     cross join lateral (
       select cell, zone_id, pack_id, edge, look_at from deployments
        where deployments.cell = wanted.cell and deployments.edge = at.name and ${WANTED} ${condition} and look_at <= :now
        order by look_at limit :limit::int) as found
     order by found.look_at limit :limit::int),
  taken as (
    update deployments set look_at = :until from due
     where ${inCells('deployments')} and deployments.cell = due.cell and deployments.zone_id = due.zone_id
       and deployments.pack_id = due.pack_id and deployments.edge = due.edge and deployments.look_at <= :now
    returning deployments.cell, deployments.zone_id, deployments.pack_id, deployments.edge, desired_ecdsa, desired_rsa,
      wrong_since, problem_since is not null as has_problem, next_name)
  select taken.zone_id, taken.pack_id as id, edge, desired_ecdsa, desired_rsa, wrong_since, has_problem, next_name, pack.*
    from taken
   cross join lateral (
     select status, drifted_on, hosts, environment from packs
      where ${inCells('packs')} and packs.cell = taken.cell and packs.zone_id = taken.zone_id
        and packs.id = taken.pack_id limit 1) as pack`);

const TAKE = { problems: taking('and problem_since is not null'), all: taking('') } as const;

/** What a look came to. */
export interface DeploymentLook extends Pick<DueDeployment, 'pack' | 'edge' | 'wanted' | 'nextName'> {
  /** Since when the edge answers and shows something else; undefined: it does not. */
  readonly wrongSince: Date | undefined;
  /** In words; undefined: it showed all that was asked for. */
  readonly problem: string | undefined;
  readonly lookAt: Date;
}

/**
 * Writes what looks came to, in one statement: of a deployment that is to show something else by now nothing is written. What was
 * seen before stays where a look saw something wrong.
 */
export async function putLooks(db: Db, looks: readonly DeploymentLook[], now: Date): Promise<void> {
  if (looks.length === 0) return;
  const zones = looks.map(({ pack }) => pack.zone.id);
  await repeated(db, () =>
    execute(db, PUT, {
      ...cellsOf(zones),
      zones,
      packs: looks.map(({ pack }) => pack.id),
      edges: looks.map(({ edge }) => edge),
      ecdsas: looks.map(({ wanted }) => wanted.ecdsa),
      rsas: looks.map(({ wanted }) => wanted.rsa),
      wrongs: looks.map(({ wrongSince }) => wrongSince ?? null),
      problems: looks.map(({ problem }) => problem ?? null),
      nexts: looks.map(({ nextName }) => nextName),
      look_ats: looks.map(({ lookAt }) => lookAt),
      now,
    }),
  );
}

const PUT = statement(`
  update deployments set observed_on = :now, wrong_since = seen.wrong, problem = seen.problem, next_name = seen.next,
    look_at = seen.look_at,
    observed_ecdsa = case when seen.problem is null then desired_ecdsa else observed_ecdsa end,
    observed_rsa = case when seen.problem is null then desired_rsa else observed_rsa end,
    problem_since = case when seen.problem is not null then coalesce(problem_since, :now) end
    from unnest(:own::smallint[], :zones::text[], :packs::uuid[], :edges::text[], :ecdsas::text[], :rsas::text[],
      :wrongs::timestamptz[], :problems::text[], :nexts::int[], :look_ats::timestamptz[])
      as seen (cell, zone_id, pack_id, edge, ecdsa, rsa, wrong, problem, next, look_at)
   where ${inCells('deployments')} and deployments.cell = seen.cell and deployments.zone_id = seen.zone_id
     and deployments.pack_id = seen.pack_id and deployments.edge = seen.edge
     and deployments.desired_ecdsa is not distinct from seen.ecdsa and deployments.desired_rsa is not distinct from seen.rsa`);

/** How a deployment stands, as far as it is wanted. */
export interface StandingDeployment {
  readonly edge: string;
  readonly wanted: WantedLeaves;
  readonly wrongSince: Date | undefined;
  readonly problem: string | undefined;
  readonly seenOn: Date | undefined;
}

interface StandingRow {
  edge: string;
  desired_ecdsa: string | null;
  desired_rsa: string | null;
  wrong_since: Date | null;
  problem: string | null;
  observed_on: Date | null;
}

/** The deployments of a pack that are wanted, by edge, in a transaction that holds it. */
export async function listWanted(tx: Tx, pack: PackKey): Promise<StandingDeployment[]> {
  const { rows } = await execute<StandingRow>(tx, OF_ONE, packKey(pack));
  return rows.map((row) => ({
    edge: row.edge,
    wanted: { ecdsa: row.desired_ecdsa, rsa: row.desired_rsa },
    wrongSince: row.wrong_since ?? undefined,
    problem: row.problem ?? undefined,
    seenOn: row.observed_on ?? undefined,
  }));
}

const OF_ONE = statement(
  `select edge, desired_ecdsa, desired_rsa, wrong_since, problem, observed_on
     from deployments where ${OF_PACK} and ${WANTED} order by edge`,
);

/** Has all wanted deployments of a pack looked at before any other. */
export async function lookSoon(tx: Tx, pack: PackKey): Promise<void> {
  await execute(tx, SOON, packKey(pack));
}

const SOON = statement(`update deployments set look_at = '-infinity' where ${OF_PACK} and ${WANTED}`);

/** Whether an edge has shown all that it is to show since `instant`. */
export async function isProvedSince(db: Db, edge: string, instant: Date): Promise<boolean> {
  const { rows } = await execute(db, UNPROVED, { edge, instant });
  return rows.length === 0;
}

const UNPROVED = statement(`
  select 1 from deployments
   where edge = :edge and ${WANTED} and (observed_on is null or observed_on < :instant or problem_since is not null) limit 1`);

/**
 * Whether the agent of an edge, by its id, has told since `instant` that it has everything, and of all that it was given that the edge
 * shows it. What it was not given another pack serves there; what it said goes wrong waits by itself, and what it was given before and
 * never told of was lost on the way.
 */
export async function isReportedSince(db: Db, id: string, instant: Date): Promise<boolean> {
  const { rows } = await execute(db, UNREPORTED, { id, instant });
  return rows.length === 0;
}

const UNREPORTED = statement(`
  (select 1 from edges where id = :id and (applied is null or applied < :instant))
  union all
  (select 1 from deployments
    where edge_id = :id and ${WANTED} and given_on is not null and reported_problem is null
      and (reported_ecdsa is null and reported_rsa is null and given_on >= :instant
           or reported_ecdsa <> desired_ecdsa or reported_rsa <> desired_rsa) limit 1)`);
