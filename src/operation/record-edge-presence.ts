import { type AuditEvent, recordAudit, WORKER } from '../store/audit.ts';
import { type EdgeState, putEdgeState } from '../store/edge-states.ts';
import { getEdge } from '../store/edges.ts';
import { getFirstAccount } from '../store/names.ts';
import { type Tx, transaction } from '../store/store.ts';
import type { EdgeDeps } from './edge-event.ts';

/** How an edge stood, how it stands by a look, and when it is looked at next. */
export interface EdgePresence {
  /** Its name, and the id of the one that an agent has. */
  readonly edge: { readonly name: string; readonly agent?: { readonly id: string } | undefined };
  readonly was: EdgeState;
  readonly is: EdgeState;
  readonly lookAt: Date;
}

/**
 * Writes how an edge stands. That it went away, or counts again, is recorded once, in the account that has it: of one of the
 * configuration the operator's first.
 */
export async function recordEdgePresence(deps: EdgeDeps, presence: EdgePresence): Promise<void> {
  const { edge, was, is, lookAt } = presence;
  const event = eventOf(was, is);
  await transaction(deps.pool, async (tx) => {
    await putEdgeState(tx, is, lookAt);
    const record = event && (await recordOf(tx, edge, event));
    if (record) await recordAudit(tx, record, deps.clock.now());
  });
}

function eventOf(was: EdgeState, is: EdgeState): string | undefined {
  if ((was.awaySince === undefined) === (is.awaySince === undefined)) return undefined;
  return is.awaySince ? 'edge_away' : 'edge_back';
}

async function recordOf(
  tx: Tx,
  { name, agent }: EdgePresence['edge'],
  event: string,
): Promise<AuditEvent | undefined> {
  const enrolled = agent && (await getEdge(tx, agent.id));
  const accountId = enrolled?.accountId ?? (await getFirstAccount(tx));
  const resourceId = agent?.id ?? name;
  return accountId === undefined
    ? undefined
    : { event, actor: WORKER, accountId, resource: 'edge', resourceId, name };
}
