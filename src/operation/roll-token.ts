import type { Clock } from '../kit/clock.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { type Pool, transaction } from '../store/store.ts';
import { changeSecret, newSecret, type Token } from '../store/tokens.ts';
import { tokenEvent } from './token-event.ts';

/** Gives a token another secret, and returns it; the old one is refused from then on. */
export function rollToken(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  token: Pick<Token, 'id' | 'accountId' | 'name'>,
  by: Actor,
): Promise<string> {
  const secret = newSecret();
  return transaction(pool, async (tx) => {
    const now = clock.now();
    if (await changeSecret(tx, token, secret, now)) await recordAudit(tx, tokenEvent('roll', token, by), now);
    return secret;
  });
}
