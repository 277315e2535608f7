import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../kit/clock.ts';
import { policyFor } from '../pack/permission.ts';
import { OPERATOR, recordAudit } from '../store/audit.ts';
import { getCaller } from '../store/authentication.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { deleteTokens, getTokenRecord, insertToken, lockTokens } from '../store/tokens.ts';
import { tokenEvent } from './token-event.ts';

/** A token with an id and a secret that are known beforehand. It may do all in its account. */
export interface PinnedToken {
  readonly accountId: string;
  readonly id: string;
  readonly name: string;
  readonly secret: string;
}

/** Has a token there, made anew where it was deleted, rolled, changed or switched off. */
export async function pinToken(
  deps: { readonly pool: Pool; readonly clock: Clock },
  token: PinnedToken,
): Promise<void> {
  const policies = [policyFor(token.id, 'write')];
  const found = await getCaller(deps.pool, { shown: token.secret, zoneId: undefined }, deps.clock.now());
  if (found?.token.id === token.id && isDeepStrictEqual(found.token.policies, policies)) return;
  await transaction(deps.pool, (tx) => put(tx, token, deps.clock.now()));
}

async function put(tx: Tx, { id, secret, accountId, name }: PinnedToken, now: Date): Promise<void> {
  const terms = { accountId, name, policies: [policyFor(id, 'write')] };
  await lockTokens(tx, accountId);
  const before = await getTokenRecord(tx, accountId, id);
  if (before) await deleteTokens(tx, accountId, [id]);
  await insertToken(tx, { ...terms, id }, secret, now);
  await recordAudit(tx, tokenEvent(before ? 'roll' : 'create', { ...terms, id }, OPERATOR), now);
}
