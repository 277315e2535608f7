import type { Clock } from '../kit/clock.ts';
import { type Account, listAccountsNamed } from '../store/accounts.ts';
import type { Pool } from '../store/store.ts';
import { createAccount } from './create-account.ts';

/** Name of the account that an installation begins with. */
const NAME = 'default';

/** The account of whoever names none: made where it is not there yet. */
export const defaultAccount = async (deps: {
  readonly pool: Pool;
  readonly clock: Clock;
}): Promise<Account> => (await listAccountsNamed(deps.pool, NAME))[0] ?? createAccount(deps, NAME);
