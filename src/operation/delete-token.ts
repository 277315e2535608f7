import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { type Pool, transaction } from '../store/store.ts';
import type { Token } from '../store/token-row.ts';
import { deleteTokens, getTokenRecord, listMadeBy, lockTokens } from '../store/tokens.ts';
import { checkRank } from './token-bounds.ts';
import { tokenEvent } from './token-event.ts';
import { tokenOnDuty } from './token-on-duty.ts';

/**
 * Takes a token away, and what it made: the next request that bears one of these is refused. Throws `missing_permission`
 * where it may more than who does so; `token_not_found`.
 */
export function deleteToken(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  { accountId, id }: Pick<Token, 'id' | 'accountId'>,
  { by, changer }: { readonly by: Actor; readonly changer: Pick<Token, 'id' | 'accountId'> },
): Promise<void> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockTokens(tx, accountId);
    const token = await getTokenRecord(tx, accountId, id);
    if (!token) throw new Fault('token_not_found', `there is no token ${id}`);
    checkRank(token, await tokenOnDuty(tx, changer, now));
    const gone = [token, ...(await listMadeBy(tx, accountId, id))];
    await deleteTokens(
      tx,
      accountId,
      gone.map((one) => one.id),
    );
    for (const one of gone) await recordAudit(tx, tokenEvent('delete', one, by), now);
  });
}
