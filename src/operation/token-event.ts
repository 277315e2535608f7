import type { Actor, AuditEvent } from '../store/audit.ts';
import type { Token } from '../store/token-row.ts';

/** What was done to a token, as it is recorded. */
export const tokenEvent = (
  event: string,
  { id, accountId, name }: Pick<Token, 'id' | 'accountId' | 'name'>,
  actor: Actor,
): AuditEvent => ({ event, actor, accountId, resource: 'api_token', resourceId: id, name });
