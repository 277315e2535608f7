import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { hasUnprintable } from '../kit/unprintable.ts';
import { type AccountRecord, createAccount as insertAccount, listAccountsNamed } from '../store/accounts.ts';
import { OPERATOR, recordAudit } from '../store/audit.ts';
import { type Pool, transaction } from '../store/store.ts';

const MOST_CHARACTERS = 120;

/** Makes an account, with nothing in it. Throws `configuration` for a name that is taken, or cannot be one. */
export async function createAccount(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  name: string,
): Promise<AccountRecord> {
  if (name.trim() === '' || name.length > MOST_CHARACTERS || hasUnprintable(name))
    throw new Fault(
      'configuration',
      `the name of an account has 1 to ${MOST_CHARACTERS} characters, all printable`,
    );
  if (/^[0-9a-f]{32}$/.test(name))
    throw new Fault('configuration', 'the name of an account must not look like an id');
  return transaction(pool, async (tx) => {
    if ((await listAccountsNamed(tx, name)).length > 0)
      throw new Fault('configuration', `there is an account ${JSON.stringify(name)} already`);
    const now = clock.now();
    const account = await insertAccount(tx, name, now);
    const what = { resource: 'account', resourceId: account.id, name } as const;
    await recordAudit(tx, { event: 'create', actor: OPERATOR, accountId: account.id, ...what }, now);
    return account;
  });
}
