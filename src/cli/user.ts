/** `certpacks user`: users who come with `X-Auth-Email` and `X-Auth-Key`, made on the database's own machine. */
import type { Command } from 'commander';
import { Fault } from '../kit/fault.ts';
import { hasUnprintable } from '../kit/unprintable.ts';
import { createUser as makeUser } from '../operation/create-user.ts';
import { accountOf, asOperator } from './operator.ts';
import { printLine } from './print.ts';

interface UserOptions {
  readonly account?: string;
}

/** Adds the commands. */
export function addUsers(certpacks: Command): void {
  certpacks
    .command('user')
    .description('users with a global key, for clients that send X-Auth-Email and X-Auth-Key')
    .command('create')
    .description('make a user, or give one another key, and print the key; it is shown this once')
    .argument('<email>')
    .option('--account <id or name>', 'whose user; of the account `default` unless given')
    .action(createUser);
}

async function createUser(email: string, { account }: UserOptions): Promise<void> {
  if (!/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email) || hasUnprintable(email))
    throw new Fault('configuration', `${email} is no e-mail address`);
  await asOperator(async (deps) => printLine(await makeUser(deps, email, await accountOf(deps, account))));
}
