import { createHash, randomBytes } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import { after, hours, type Seconds } from '../kit/time.ts';
import type { Actor, AuditEvent } from '../store/audit.ts';
import type { TokenOfEdge } from '../store/edge-agents.ts';
import type { Edge } from '../store/edge-row.ts';
import type { OperationDeps } from './operation.ts';

/** What operations on edges need. */
export type EdgeDeps = Pick<OperationDeps, 'pool' | 'clock'>;

/** Whose edge is meant. */
export interface EdgeOfAccount {
  readonly accountId: string;
  /** UUID. */
  readonly id: string;
}

/** What was done to an edge, as it is recorded in its account. */
export const edgeEvent = (
  event: string,
  { accountId, id, name }: Pick<Edge, 'accountId' | 'id' | 'name'>,
  actor: Actor,
): AuditEvent => ({ event, actor, accountId, resource: 'edge', resourceId: id, name });

export const edgeNotFound = (id: string): Fault => new Fault('edge_not_found', `edge ${id} not found`);

/** How long a token can be used. */
const TOKEN_LIFE: Seconds = hours(1);

/** A token's secret, 32 bytes in base64url, which is told once, and what is kept of it. */
export function newToken(now: Date): { readonly secret: string; readonly token: TokenOfEdge } {
  const secret = randomBytes(32).toString('base64url');
  return { secret, token: { hash: hashOfSecret(secret), until: after(now, TOKEN_LIFE) } };
}

export const hashOfSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();
