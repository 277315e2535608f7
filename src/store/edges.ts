/** Edges that have an agent, of the operator's accounts: who they are. What their agents do is in `edge-agents.ts`. */
import type { TokenOfEdge } from './edge-agents.ts';
import { EDGE_COLUMNS, type Edge, type EdgeTerms, type StoredEdge, toEdge } from './edge-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** Stores a new edge; false: its name is taken. */
export async function insertEdge(
  tx: Tx,
  edge: EdgeTerms & Pick<Edge, 'id' | 'accountId' | 'createdOn'>,
  token: TokenOfEdge,
): Promise<boolean> {
  const { rowCount } = await execute(tx, INSERT, {
    ...edge,
    account: edge.accountId,
    host: edge.address?.host ?? null,
    port: edge.address?.port ?? null,
    location: edge.location ? JSON.stringify(edge.location) : null,
    now: edge.createdOn,
    ...token,
  });
  return rowCount === 1;
}

const INSERT = statement(`
  insert into edges (id, account_id, name, kind, environment, host, port, location, created_on, token_hash, token_until)
  values (:id, :account, :name, :kind, :environment, :host, :port, :location::jsonb, :now, :hash, :until)
  on conflict (name) do nothing`);

/** All edges, by name. */
export async function listAllEdges(db: Db): Promise<Edge[]> {
  const { rows } = await execute<StoredEdge>(db, ALL, {});
  return rows.map(toEdge);
}

const ALL = statement(`select ${EDGE_COLUMNS} from edges order by name`);

/** The edges of an account, the oldest first. */
export async function listEdgesOfAccount(db: Db, accountId: string): Promise<Edge[]> {
  const { rows } = await execute<StoredEdge>(db, OF_ACCOUNT, { account: accountId });
  return rows.map(toEdge);
}

const OF_ACCOUNT = statement(
  `select ${EDGE_COLUMNS} from edges where account_id = :account order by created_on, id`,
);

/** How many edges an account has. */
export async function countEdges(db: Db, accountId: string): Promise<number> {
  const { rows } = await execute<{ n: number }>(db, COUNT, { account: accountId });
  return rows[0]?.n ?? 0;
}

const COUNT = statement('select count(*)::int as n from edges where account_id = :account');

export async function getEdge(db: Db, id: string): Promise<Edge | undefined> {
  const { rows } = await execute<StoredEdge>(db, GET, { id });
  return rows[0] && toEdge(rows[0]);
}

const GET = statement(`select ${EDGE_COLUMNS} from edges where id = :id`);

/** The same, kept as it is while the transaction lasts. */
export async function lockEdge(tx: Tx, id: string): Promise<Edge | undefined> {
  const { rows } = await execute<StoredEdge>(tx, LOCK, { id });
  return rows[0] && toEdge(rows[0]);
}

const LOCK = statement(`select ${EDGE_COLUMNS} from edges where id = :id for update`);

/** Has an edge not waited for any more; undefined: waited for again. */
export async function putDrained(tx: Tx, id: string, drainedOn: Date | undefined): Promise<void> {
  await execute(tx, PUT_DRAINED, { id, drained: drainedOn ?? null });
}

const PUT_DRAINED = statement('update edges set drained_on = :drained where id = :id');

/** Removes an edge: what its agent shows counts no more. */
export async function deleteEdge(tx: Tx, id: string): Promise<void> {
  await execute(tx, DELETE, { id });
}

const DELETE = statement('delete from edges where id = :id');
