/** `certpacks user`: users who come with `X-Auth-Email` and `X-Auth-Key`, made on the database's own machine. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { openDatabase } from '../serve/database.ts';
import { createAccount, getAccountByName } from '../store/accounts.ts';
import { OPERATOR, recordAudit } from '../store/audit.ts';
import { transaction } from '../store/store.ts';
import { deleteTokensNamed, insertToken, keySecret } from '../store/tokens.ts';
import { placeFor, readSetting } from './process.ts';

/** Name of the account that `token create --first` makes. */
const ACCOUNT = 'default';

/** Adds the commands. */
export function addUsers(certpacks: Command): void {
  certpacks
    .command('user')
    .description('users with a global key, for clients that send X-Auth-Email and X-Auth-Key')
    .command('create')
    .description('make a user, or give one another key, and print the key; it is shown this once')
    .argument('<email>')
    .action(createUser);
}

async function createUser(email: string): Promise<void> {
  if (!/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email))
    throw new Fault('configuration', `${email} is no e-mail address`);
  const { config, log } = readSetting(true);
  const database = await openDatabase(config.options, placeFor(config, undefined, false), log);
  try {
    const { pool } = database;
    const now = systemClock().now();
    const { id: accountId } =
      (await getAccountByName(pool, ACCOUNT)) ?? (await createAccount(pool, ACCOUNT, now));
    const key = randomBytes(32).toString('hex').slice(0, 45);
    const name = `user ${email.toLowerCase()}`;
    await transaction(pool, async (tx) => {
      const earlier = await deleteTokensNamed(tx, accountId, name);
      const id = await insertToken(tx, { accountId, name, access: 'write' }, keySecret(email, key), now);
      const about = { accountId, resource: 'api_token', resourceId: id, name } as const;
      await recordAudit(tx, { ...about, event: earlier > 0 ? 'roll' : 'create', actor: OPERATOR }, now);
    });
    process.stdout.write(`${key}\n`);
  } finally {
    await database.stop();
  }
}
