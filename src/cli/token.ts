/** `certpacks token`: API tokens, by the API; the first one on the database's own machine. */
import type { Command } from 'commander';
import { call, callAll } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { printJson, printLine } from './print.ts';
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
    if (options.json) printJson(result);
    else printLine(String(result));
  });
  for (const [verb, status] of [
    ['disable', 'disabled'],
    ['enable', 'active'],
  ] as const)
    asClient(
      token
        .command(verb)
        .description(`switch a token ${verb === 'enable' ? 'on' : 'off'}`)
        .argument('<id>'),
    ).action(async (id: string, options: ClientOptions) =>
      show(await withStatus(options, `/user/tokens/${part(id)}`, status), TOKEN, options),
    );
  asClient(token.command('revoke').description('take a token away').argument('<id>')).action(
    async (id: string, options: ClientOptions) =>
      show((await call(options, 'DELETE', `/user/tokens/${part(id)}`)).result, ['id'], options),
  );
}

/** A token with another status, and all else as it was: what is changed is the whole of it. */
async function withStatus(options: ClientOptions, path: string, status: string): Promise<unknown> {
  const { result } = await call(options, 'GET', path);
  const before: object = typeof result === 'object' && result !== null ? result : {};
  const kept = Object.entries(before).filter(([field]) => CHANGEABLE.includes(field));
  const body = { ...Object.fromEntries(kept), status };
  return (await call(options, 'PUT', path, body)).result;
}

const CHANGEABLE = ['name', 'policies', 'condition', 'not_before', 'expires_on'];
