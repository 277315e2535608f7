import type { Algorithm, Pack, PackKey, Prover } from '../pack/pack.ts';
import { cover, uncover } from './served-hosts.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, OF_PACK, packKey } from './zone-key.ts';

/** What an edge is to show for a pack (fingerprints; undefined: nothing) and what it showed last. */
export interface Deployment {
  readonly edge: string;
  readonly observed: { readonly ecdsa?: string | undefined; readonly rsa?: string | undefined };
  readonly problem?: string | undefined;
}

/** Fingerprint of a pack's leaf, null where it has none. */
const leafOf = ({ certificates }: Pack, algorithm: Algorithm): string | null =>
  certificates.find((certificate) => certificate.algorithm === algorithm)?.fingerprint ?? null;

/**
 * Wishes a pack onto edges: covers `names` there, and wants its present leaves shown by each edge, and by none that had it and is none
 * of them any more.
 */
export async function deploy(
  tx: Tx,
  pack: Pack,
  names: readonly string[],
  edges: readonly string[],
): Promise<void> {
  await cover(tx, pack, names);
  const leaves = { ecdsa: leafOf(pack, 'ecdsa'), rsa: leafOf(pack, 'rsa') };
  await execute(tx, DEPLOY, { ...packKey(pack), edges, ...leaves });
}

const DEPLOY = statement(`
  with others as (
    update deployments set desired_ecdsa = null, desired_rsa = null, problem_since = null, wrong_since = null
     where ${OF_PACK} and edge <> all(:edges::text[]))
  insert into deployments (cell, zone_id, pack_id, edge, desired_ecdsa, desired_rsa, edge_id)
  select :cell, :zone, :pack, given, :ecdsa, :rsa, (select id from edges where edges.name = given)
    from unnest(:edges::text[]) as given
  on conflict (cell, zone_id, pack_id, edge) do update
     set desired_ecdsa = excluded.desired_ecdsa, desired_rsa = excluded.desired_rsa, edge_id = excluded.edge_id,
         wrong_since = null`);

interface DesiredRow {
  edge: string;
  desired_ecdsa: string | null;
  desired_rsa: string | null;
}

/** Whether these edges were given the pack's present leaves, and no others are to show any. */
export async function isDeployed(tx: Tx, pack: Pack, edges: readonly string[]): Promise<boolean> {
  const { rows } = await execute<DesiredRow>(tx, DESIRED, packKey(pack));
  const [ecdsa, rsa] = [leafOf(pack, 'ecdsa'), leafOf(pack, 'rsa')];
  const isGiven = (edge: string) =>
    rows.some((row) => row.edge === edge && row.desired_ecdsa === ecdsa && row.desired_rsa === rsa);
  const isNone = (row: DesiredRow) => row.desired_ecdsa === null && row.desired_rsa === null;
  return edges.every(isGiven) && rows.every((row) => edges.includes(row.edge) || isNone(row));
}

/** What an edge was given of a pack, and what handshakes with it showed. */
export interface EdgeHandshakes {
  readonly edge: string;
  /** Fingerprints by algorithm; null: none. */
  readonly wanted: { readonly ecdsa: string | null; readonly rsa: string | null };
  readonly shown: { readonly ecdsa: string | null; readonly rsa: string | null };
  /** Undefined: nobody looked yet. */
  readonly seenOn: Date | undefined;
  /** Who looked so far: the agent beside the edge, the service by handshake. */
  readonly provedBy: readonly Prover[];
  readonly problem: string | undefined;
}

/** The same of every edge that was given the pack, by name. */
export async function listHandshakes(db: Db, pack: PackKey): Promise<EdgeHandshakes[]> {
  const { rows } = await execute<HandshakeRow>(db, HANDSHAKES, packKey(pack));
  return rows.map((row) => ({
    edge: row.edge,
    wanted: { ecdsa: row.desired_ecdsa, rsa: row.desired_rsa },
    shown: { ecdsa: row.observed_ecdsa, rsa: row.observed_rsa },
    seenOn: row.seen_on ?? undefined,
    provedBy: [
      ...(row.reported_on ? ['agent' as const] : []),
      ...(row.observed_on ? ['handshake' as const] : []),
    ],
    problem: row.problem ?? undefined,
  }));
}

interface HandshakeRow {
  edge: string;
  desired_ecdsa: string | null;
  desired_rsa: string | null;
  observed_ecdsa: string | null;
  observed_rsa: string | null;
  seen_on: Date | null;
  observed_on: Date | null;
  reported_on: Date | null;
  problem: string | null;
}

const HANDSHAKES = statement(`
  select edge, desired_ecdsa, desired_rsa, coalesce(observed_on, reported_on) as seen_on, observed_on, reported_on,
         case when observed_on is null then reported_ecdsa else observed_ecdsa end as observed_ecdsa,
         case when observed_on is null then reported_rsa else observed_rsa end as observed_rsa,
         case when observed_on is null then reported_problem else problem end as problem
    from deployments where ${OF_PACK} order by edge`);

const DESIRED = statement(`select edge, desired_ecdsa, desired_rsa from deployments where ${OF_PACK}`);

/**
 * Wishes a pack off every edge that had it; `deployments` keeps which edges have yet to let go. Whether it covered any
 * name.
 */
export async function undeploy(tx: Tx, pack: PackKey): Promise<boolean> {
  const isCovering = await uncover(tx, pack);
  await execute(tx, UNDEPLOY, packKey(pack));
  return isCovering;
}

const UNDEPLOY = statement(
  `update deployments set desired_ecdsa = null, desired_rsa = null, problem_since = null, wrong_since = null where ${OF_PACK}`,
);

/** Names of the edges that were given the pack. */
export async function listEdgesOf(db: Db, pack: PackKey): Promise<string[]> {
  const { rows } = await execute<{ edge: string }>(db, EDGES, packKey(pack));
  return rows.map(({ edge }) => edge);
}

const EDGES = statement(`select edge from deployments where ${OF_PACK}`);

/** Whether an edge is to show a leaf for another pack of the zone: the same certificate came twice. */
export async function isOfAnother(db: Db, pack: PackKey, edge: string, leaf: string): Promise<boolean> {
  const { rows } = await execute(db, OF_ANOTHER, { ...packKey(pack), edge, leaf });
  return rows.length > 0;
}

const OF_ANOTHER = statement(`
  select 1 from deployments
   where ${IN_ZONE} and pack_id <> :pack and edge = :edge and :leaf in (desired_ecdsa, desired_rsa) limit 1`);

/** Records what handshakes with an edge showed. */
export async function observe(tx: Tx, pack: PackKey, seen: Deployment, now: Date): Promise<void> {
  const { edge, observed, problem } = seen;
  await execute(tx, OBSERVE, { ...packKey(pack), edge, ...observed, problem, now });
}

const OBSERVE = statement(`
  update deployments set observed_ecdsa = :ecdsa, observed_rsa = :rsa, problem = :problem, observed_on = :now,
    wrong_since = case when :problem::text is not null then wrong_since end,
    problem_since = case when :problem::text is not null then coalesce(problem_since, :now) end
   where ${OF_PACK} and edge = :edge`);

/** An edge let go of a pack. */
export async function letGo(tx: Tx, pack: PackKey, edge: string): Promise<void> {
  await execute(tx, LET_GO, { ...packKey(pack), edge });
}

const LET_GO = statement(`delete from deployments where ${OF_PACK} and edge = :edge`);
