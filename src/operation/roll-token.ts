import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { type Pool, transaction } from '../store/store.ts';
import type { Token } from '../store/token-row.ts';
import { changeSecret, getTokenRecord, lockTokens, newSecret } from '../store/tokens.ts';
import { checkBounds } from './token-bounds.ts';
import { tokenEvent } from './token-event.ts';
import { tokenOnDuty } from './token-on-duty.ts';

/**
 * Gives a token another secret, and returns it; the old one is refused from then on. Throws `missing_permission` where it
 * outranks or outlives who does so and would learn the secret; `token_not_found`.
 */
export function rollToken(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  { accountId, id }: Pick<Token, 'id' | 'accountId'>,
  { by, changer }: { readonly by: Actor; readonly changer: Pick<Token, 'id' | 'accountId'> },
): Promise<string> {
  const secret = newSecret();
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockTokens(tx, accountId);
    const token = await getTokenRecord(tx, accountId, id);
    if (!token) throw new Fault('token_not_found', `there is no token ${id}`);
    checkBounds(token, await tokenOnDuty(tx, changer, now));
    await changeSecret(tx, token, secret, now);
    await recordAudit(tx, tokenEvent('roll', token, by), now);
    return secret;
  });
}
