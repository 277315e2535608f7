/** What commands have in common that work on the database itself: whoever can reach it is the operator. */
import { type Clock, systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { type Account, getAccount, listAccountsNamed } from '../store/accounts.ts';
import type { Pool } from '../store/store.ts';
import { placeFor, readSetting } from './process.ts';

/** What an operator's command works with. */
export interface OperatorDeps {
  readonly pool: Pool;
  readonly clock: Clock;
}

/** Opens the configured database for a command, and closes it behind it. */
export async function asOperator(work: (deps: OperatorDeps) => Promise<void>): Promise<void> {
  const { config, log } = readSetting(true);
  // Most commands are clients, and have no use for what a database takes.
  const { openDatabase } = await import('../serve/database.ts');
  const database = await openDatabase(config.options, placeFor(config, undefined, false), log);
  try {
    await work({ pool: database.pool, clock: systemClock() });
  } finally {
    await database.stop();
  }
}

/** The account of that id or name; undefined where none is named. Throws `configuration` for one that is not there. */
export async function accountOf(
  { pool }: OperatorDeps,
  named: string | undefined,
): Promise<Account | undefined> {
  if (named === undefined) return undefined;
  const byId = await getAccount(pool, named);
  const [found, second] = byId ? [byId] : await listAccountsNamed(pool, named);
  if (second)
    throw new Fault('configuration', `several accounts are called ${named}; name it by its id: account list`);
  if (found) return found;
  throw new Fault('configuration', `there is no account ${named}: certpacks account list`);
}
