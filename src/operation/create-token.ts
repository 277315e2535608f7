import type { Clock } from '../kit/clock.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { type Pool, transaction } from '../store/store.ts';
import { insertToken, type NewToken, newSecret } from '../store/tokens.ts';
import { tokenEvent } from './token-event.ts';

/** Makes a token. Its secret is stored nowhere: only its hash is. */
export function createToken(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  token: NewToken,
  by: Actor,
): Promise<{ readonly id: string; readonly secret: string }> {
  const secret = newSecret();
  return transaction(pool, async (tx) => {
    const now = clock.now();
    const id = await insertToken(tx, token, secret, now);
    await recordAudit(tx, tokenEvent('create', { ...token, id }, by), now);
    return { id, secret };
  });
}
