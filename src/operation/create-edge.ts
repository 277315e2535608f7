import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { putToken } from '../store/edge-agents.ts';
import { type Edge, type EdgeTerms } from '../store/edge-row.ts';
import { countEdges, getEdge, insertEdge, lockEdge } from '../store/edges.ts';
import { lockAccount } from '../store/quotas.ts';
import { type Tx, transaction } from '../store/store.ts';
import { type EdgeDeps, type EdgeOfAccount, edgeEvent, edgeNotFound, newToken } from './edge-event.ts';

/** Edges that an account may have. */
const MOST_EDGES = 1_000;

/** An edge with the secret by which an agent takes it up, which is told this once. */
export interface EdgeWithSecret {
  readonly edge: Edge;
  readonly secret: string;
}

/** Makes an edge that waits for its agent. Throws `edge_exists`, `edges_reached`. */
export function createEdge(
  { pool, clock }: EdgeDeps,
  accountId: string,
  terms: EdgeTerms,
  by: Actor,
): Promise<EdgeWithSecret> {
  const now = clock.now();
  const { secret, token } = newToken(now);
  const edge = { ...terms, id: newUuid(), accountId, createdOn: now };
  return transaction(pool, async (tx) => {
    await lockAccount(tx, accountId);
    if ((await countEdges(tx, accountId)) >= MOST_EDGES)
      throw new Fault('edges_reached', `this account may have ${MOST_EDGES} edges; remove some first`);
    if (!(await insertEdge(tx, edge, token))) throw edgeExists(terms.name);
    await recordAudit(tx, edgeEvent('create', edge, by), now);
    return { edge: await found(tx, edge), secret };
  });
}

export const edgeExists = (name: string): Fault =>
  new Fault('edge_exists', `an edge is named ${name} already; give this one another name`, {
    pointer: '/name',
  });

/** Gives an edge another token, in the place of any before it; its agent goes on until another takes it up. Throws `edge_not_found`. */
export function renewEdgeToken(
  { pool, clock }: EdgeDeps,
  key: EdgeOfAccount,
  by: Actor,
): Promise<EdgeWithSecret> {
  const now = clock.now();
  const { secret, token } = newToken(now);
  return transaction(pool, async (tx) => {
    const edge = await lockOwn(tx, key);
    await putToken(tx, edge.id, token);
    await recordAudit(tx, edgeEvent('new_token', edge, by), now);
    return { edge: await found(tx, key), secret };
  });
}

async function found(tx: Tx, key: EdgeOfAccount): Promise<Edge> {
  const edge = await getEdge(tx, key.id);
  if (edge) return edge;
  throw edgeNotFound(key.id);
}

/** An edge of an account, locked. Throws `edge_not_found`. */
export async function lockOwn(tx: Tx, { accountId, id }: EdgeOfAccount): Promise<Edge> {
  const edge = await lockEdge(tx, id);
  if (edge?.accountId === accountId) return edge;
  throw edgeNotFound(id);
}
