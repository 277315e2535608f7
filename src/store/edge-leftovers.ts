/** What an edge that is gone, or is not waited for any more, left of packs. */
import type { PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

interface Row {
  zone_id: string;
  pack_id: string;
}

const toKey = ({ zone_id, pack_id }: Row): PackKey => ({ id: pack_id, zone: { id: zone_id } });

/** Removes up to `limit` packs of an edge that is gone; those that were removed. */
export async function deleteOfEdge(db: Db, edgeId: string, limit: number): Promise<PackKey[]> {
  const { rows } = await execute<Row>(db, DELETE, { edge_id: edgeId, limit });
  return rows.map(toKey);
}

const DELETE = statement(`
  with gone as (
    select cell, zone_id, pack_id, edge from deployments where edge_id = :edge_id order by pack_id limit :limit)
  delete from deployments as one using gone
   where one.cell = gone.cell and one.zone_id = gone.zone_id and one.pack_id = gone.pack_id and one.edge = gone.edge
  returning one.zone_id, one.pack_id`);

/** Packs behind `last` that wait for word of an edge, or for it to let go. */
export async function listAwaited(
  db: Db,
  edgeId: string,
  { last, limit }: { readonly last: string; readonly limit: number },
): Promise<PackKey[]> {
  const { rows } = await execute<Row>(db, AWAITED, { edge_id: edgeId, last, limit });
  return rows.map(toKey);
}

const AWAITED = statement(`
  select zone_id, pack_id from deployments
   where edge_id = :edge_id and pack_id > :last
     and (problem is not null or desired_ecdsa is null and desired_rsa is null)
   order by pack_id limit :limit`);

/** Forgets what an edge was given, as another agent took it up that has nothing. */
export async function forgetGiven(tx: Tx, edgeId: string): Promise<void> {
  await execute(tx, FORGET, { edge_id: edgeId });
}

const FORGET = statement('delete from deployments where edge_id = :edge_id');

/** Ids of edges that are gone, and left something. */
export async function listGoneEdges(db: Db): Promise<string[]> {
  const { rows } = await execute<{ edge_id: string }>(db, GONE, {});
  return rows.map(({ edge_id }) => edge_id);
}

const GONE = statement(`
  with recursive ids as (
    (select edge_id from deployments where edge_id is not null order by edge_id limit 1)
    union all
    select (select next.edge_id from deployments as next where next.edge_id > ids.edge_id order by next.edge_id limit 1)
      from ids where ids.edge_id is not null)
  select edge_id from ids where edge_id is not null and not exists (select from edges where edges.id = edge_id)`);

/** How many packs an edge has, and how many of them it does not show as it is to. */
export interface EdgeCounts {
  readonly given: number;
  readonly behind: number;
  readonly provedOn: Date | undefined;
}

// Some edges have one algorithm alone: what they do not show is no fault unless their agents say so.
const IS_BEHIND = `not (desired_ecdsa is null and desired_rsa is null)
  and (reported_problem is not null or reported_ecdsa is null and reported_rsa is null
    or reported_ecdsa <> desired_ecdsa or reported_rsa <> desired_rsa)`;

export async function countOfEdge(db: Db, edgeId: string): Promise<EdgeCounts> {
  const { rows } = await execute<{ given: number; behind: number; proved_on: Date | null }>(db, COUNT, {
    edge_id: edgeId,
  });
  const { given = 0, behind = 0, proved_on } = rows[0] ?? {};
  return { given, behind, provedOn: proved_on ?? undefined };
}

const COUNT = statement(`
  select count(*) filter (where given_on is not null)::int as given,
         count(*) filter (where given_on is not null and ${IS_BEHIND})::int as behind, max(reported_on) as proved_on
    from deployments where edge_id = :edge_id`);

/** A pack that an edge does not show as it is to. */
export interface BehindPack extends PackKey {
  readonly problem: string | undefined;
  readonly reportedOn: Date | undefined;
}

/** The first of them. */
export async function listBehind(db: Db, edgeId: string, limit: number): Promise<BehindPack[]> {
  const { rows } = await execute<Row & { reported_problem: string | null; reported_on: Date | null }>(
    db,
    BEHIND,
    {
      edge_id: edgeId,
      limit,
    },
  );
  return rows.map((row) => ({
    ...toKey(row),
    problem: row.reported_problem ?? undefined,
    reportedOn: row.reported_on ?? undefined,
  }));
}

const BEHIND = statement(`
  select zone_id, pack_id, reported_problem, reported_on from deployments
   where edge_id = :edge_id and given_on is not null and ${IS_BEHIND} order by pack_id limit :limit`);
