import type { Clock } from '../kit/clock.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { type Pool, transaction } from '../store/store.ts';
import { deleteToken as deleteRow, type Token } from '../store/tokens.ts';
import { tokenEvent } from './token-event.ts';

/** Takes a token away: the next request that bears it is refused. */
export function deleteToken(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  token: Pick<Token, 'id' | 'accountId' | 'name'>,
  by: Actor,
): Promise<void> {
  return transaction(pool, async (tx) => {
    if (await deleteRow(tx, token.accountId, token.id))
      await recordAudit(tx, tokenEvent('delete', token, by), clock.now());
  });
}
