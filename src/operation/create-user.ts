import { randomBytes } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import { createAccount, getAccountByName } from '../store/accounts.ts';
import { OPERATOR, recordAudit } from '../store/audit.ts';
import { type Pool, transaction } from '../store/store.ts';
import { deleteTokensNamed, insertToken, keySecret } from '../store/tokens.ts';
import { tokenEvent } from './token-event.ts';

/** Name of the account that the first token makes. */
const ACCOUNT = 'default';

/** Makes a user of the installation's first account, or gives one another key; the key. */
export async function createUser(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  email: string,
): Promise<string> {
  const now = clock.now();
  const { id: accountId } =
    (await getAccountByName(pool, ACCOUNT)) ?? (await createAccount(pool, ACCOUNT, now));
  const key = randomBytes(32).toString('hex').slice(0, 45);
  const name = `user ${email.toLowerCase()}`;
  await transaction(pool, async (tx) => {
    const earlier = await deleteTokensNamed(tx, accountId, name);
    const id = await insertToken(tx, { accountId, name, access: 'write' }, keySecret(email, key), now);
    const event = earlier > 0 ? 'roll' : 'create';
    await recordAudit(tx, tokenEvent(event, { accountId, name, id }, OPERATOR), now);
  });
  return key;
}
