/** `certpacks zone`: zones, by the API. */
import type { Command } from 'commander';
import { call, callAll } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { show } from './table.ts';

const ZONE = ['id', 'name', 'type', 'status', 'created_on'];

/** Adds the commands. */
export function addZones(certpacks: Command): void {
  const zone = certpacks
    .command('zone')
    .description('zones, by the API; the token is taken from CERTPACKS_TOKEN');
  asClient(zone.command('list').description('zones that the token sees')).action(
    async (options: ClientOptions) => show(await callAll(options, '/zones'), ZONE, options),
  );
  asClient(zone.command('create').description('make a zone').argument('<name>'))
    .option('--type <type>', 'full: our name servers answer for it; partial: its DNS is elsewhere', 'partial')
    .option('--account <id>', 'id of the account; the token’s own unless given')
    .action(
      async (
        name: string,
        { type, account, ...options }: ClientOptions & { type: string; account?: string },
      ) => {
        const body = { name, type, ...(account !== undefined && { account: { id: account } }) };
        show((await call(options, 'POST', '/zones', body)).result, ZONE, options);
      },
    );
  asClient(zone.command('get').description('one zone').argument('<id>')).action(
    async (id: string, options: ClientOptions) =>
      show((await call(options, 'GET', `/zones/${part(id)}`)).result, ZONE, options),
  );
  asClient(zone.command('delete').description('delete a zone with its packs').argument('<id>')).action(
    async (id: string, options: ClientOptions) =>
      show((await call(options, 'DELETE', `/zones/${part(id)}`)).result, ['id'], options),
  );
}
