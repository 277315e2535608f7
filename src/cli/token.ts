/** `certpacks token`: API tokens, by the API; the first one on the database's own machine. */
import type { Command } from 'commander';
import { call, callAll } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { show } from './table.ts';
import { addTokenCreate } from './token-create.ts';

const TOKEN = ['id', 'name', 'status', 'issued_on', 'expires_on', 'last_used_on'];

/** Adds the commands. */
export function addTokens(certpacks: Command): void {
  const token = certpacks.command('token').description('API tokens');
  addTokenCreate(token);
  asClient(token.command('list').description('tokens of the account')).action(
    async (options: ClientOptions) => show(await callAll(options, '/user/tokens'), TOKEN, options),
  );
  asClient(
    token.command('roll').description('give a token another secret, and print it').argument('<id>'),
  ).action(async (id: string, options: ClientOptions) => {
    const { result } = await call(options, 'PUT', `/user/tokens/${part(id)}/value`, {});
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${String(result)}\n`);
  });
  asClient(token.command('revoke').description('take a token away').argument('<id>')).action(
    async (id: string, options: ClientOptions) =>
      show((await call(options, 'DELETE', `/user/tokens/${part(id)}`)).result, ['id'], options),
  );
}
