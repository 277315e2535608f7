/** `certpacks user`: users who come with `X-Auth-Email` and `X-Auth-Key`, made on the database's own machine. */
import type { Command } from 'commander';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { createUser as makeUser } from '../operation/create-user.ts';
import { openDatabase } from '../serve/database.ts';
import { placeFor, readSetting } from './process.ts';

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
    const key = await makeUser({ pool: database.pool, clock: systemClock() }, email);
    process.stdout.write(`${key}\n`);
  } finally {
    await database.stop();
  }
}
