import { Fault } from '../kit/fault.ts';
import type { Actor } from '../store/audit.ts';
import { recordAudit } from '../store/audit.ts';
import { type AgentOfEdge, lockByToken, putAgent, putAgentKeys } from '../store/edge-agents.ts';
import { forgetGiven } from '../store/edge-leftovers.ts';
import { type Edge } from '../store/edge-row.ts';
import { lockEdge } from '../store/edges.ts';
import { transaction } from '../store/store.ts';
import { type EdgeDeps, edgeEvent, hashOfSecret } from './edge-event.ts';

/** Agents that are known by their certificates, in the record. */
const agent = (address: string): Actor => ({ id: 'agent', address });

/**
 * Gives an edge to the agent that comes with its token: to one, and to that again where it asks again by the same key, as it may not
 * have heard the answer. Who had the edge before has it no more. Throws `edge_token_refused`.
 */
export function takeUpEdge(
  { pool, clock }: EdgeDeps,
  secret: string,
  by: AgentOfEdge,
  address: string,
): Promise<Edge> {
  const now = clock.now();
  return transaction(pool, async (tx) => {
    const edge = await lockByToken(tx, hashOfSecret(secret));
    const isFresh = edge?.tokenUntil !== undefined && now < edge.tokenUntil;
    const isTaken = edge?.tokenKey !== undefined && edge.tokenKey !== by.key;
    if (!edge || !isFresh || isTaken) throw tokenRefused();
    if (!edge.agentKeys.includes(by.key)) await forgetGiven(tx, edge.id);
    await putAgent(tx, edge.id, by, now);
    await recordAudit(tx, edgeEvent('enrol', edge, agent(address)), now);
    return { ...edge, agentKeys: [by.key], sealingKey: by.sealingKey };
  });
}

const tokenRefused = (): Fault =>
  new Fault(
    'edge_token_refused',
    'the token was used, is older than an hour, or none of this service: ask for another one (certpacks edges token)',
  );

/** Takes the key of another certificate of the same agent beside the one that it shows. Throws `edge_not_found`. */
export function renewAgent(
  { pool, clock }: EdgeDeps,
  edge: Pick<Edge, 'id'> & { readonly shownKey: string },
  next: Omit<AgentOfEdge, 'sealingKey'>,
  address: string,
): Promise<void> {
  return transaction(pool, async (tx) => {
    const found = await lockEdge(tx, edge.id);
    if (!found?.agentKeys.includes(edge.shownKey))
      throw new Fault('edge_not_found', 'this edge was removed, or another agent took it up');
    const keys = [...new Set([edge.shownKey, next.key])];
    await putAgentKeys(tx, edge.id, keys, { until: next.certificateUntil, version: next.version });
    await recordAudit(tx, edgeEvent('renew', found, agent(address)), clock.now());
  });
}
