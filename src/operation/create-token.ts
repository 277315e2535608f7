import type { Clock } from '../kit/clock.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { type Pool, transaction } from '../store/store.ts';
import type { NewToken, Token } from '../store/token-row.ts';
import { insertToken, lockTokens, newSecret } from '../store/tokens.ts';
import { checkTokenQuota, NO_QUOTAS, type Quotas } from './quotas.ts';
import { checkBounds } from './token-bounds.ts';
import { tokenEvent } from './token-event.ts';
import { tokenOnDuty } from './token-on-duty.ts';

/** Who makes a token: another token, or the operator where there is none. */
interface Maker {
  readonly by: Actor;
  readonly maker?: Pick<Token, 'id' | 'accountId'>;
}

/** What a token is made with. */
export interface CreateTokenDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  /** None for the operator himself. */
  readonly quotas?: Quotas;
}

/**
 * Makes a token. Its secret is stored nowhere: only its hash is. What another token makes ends with that one at the latest.
 * Throws `missing_permission` with a pointer where it would outrank or outlive its maker, `invalid_token` where that is not
 * good any more, `quota_reached`.
 */
export function createToken(
  { pool, clock, quotas = NO_QUOTAS }: CreateTokenDeps,
  token: NewToken,
  { by, maker }: Maker,
): Promise<{ readonly id: string; readonly secret: string }> {
  const secret = newSecret();
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockTokens(tx, token.accountId);
    await checkTokenQuota(tx, { quotas }, token.accountId);
    const bounds = maker && (await tokenOnDuty(tx, maker, now));
    const wanted = { ...token, expiresOn: token.expiresOn ?? bounds?.expiresOn, madeBy: bounds?.id };
    if (bounds) checkBounds(wanted, bounds);
    const id = await insertToken(tx, wanted, secret, now);
    await recordAudit(tx, tokenEvent('create', { ...token, id }, by), now);
    return { id, secret };
  });
}
