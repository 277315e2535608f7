/** `certpacks packs`: certificate packs, by the API. */
import type { Command } from 'commander';
import { call, callAll } from './client.ts';
import { asZoneClient, type ClientOptions, PACK_FIELDS, packsOf, part } from './client-command.ts';
import { addPackOrder } from './pack-order.ts';
import { addPackRevoke } from './pack-revoke.ts';
import { show } from './table.ts';

/** Adds the commands. */
export function addPacks(certpacks: Command): void {
  const packs = certpacks
    .command('packs')
    .description('certificate packs, by the API; the token is taken from CERTPACKS_TOKEN');
  asZoneClient(packs.command('list').description('packs of a zone, all pages'))
    .option('--status <status>', 'all, or one status; served packs unless given')
    .action(async ({ zone, status, ...options }: ClientOptions & { zone: string; status?: string }) =>
      show(
        await callAll(options, `${packsOf(zone)}${status === undefined ? '' : `?status=${part(status)}`}`),
        PACK_FIELDS,
        options,
      ),
    );
  asZoneClient(packs.command('get').description('one pack').argument('<pack>')).action(
    async (pack: string, { zone, ...options }: ClientOptions & { zone: string }) =>
      show((await call(options, 'GET', `${packsOf(zone)}/${part(pack)}`)).result, PACK_FIELDS, options),
  );
  addPackOrder(packs);
  addPackRevoke(packs);
  asZoneClient(
    packs.command('failover').description('have a pack and its backup change places').argument('<pack>'),
  ).action(async (pack: string, { zone, ...options }: ClientOptions & { zone: string }) =>
    show(
      (await call(options, 'POST', `${packsOf(zone)}/${part(pack)}/failover`, {})).result,
      ['id', 'serving', 'standby'],
      options,
    ),
  );
  asZoneClient(
    packs.command('restart').description('try a stage again that ran out').argument('<pack>'),
  ).action(async (pack: string, { zone, ...options }: ClientOptions & { zone: string }) =>
    show((await call(options, 'PATCH', `${packsOf(zone)}/${part(pack)}`, {})).result, PACK_FIELDS, options),
  );
  asZoneClient(
    packs.command('delete').description('take a pack off the edges and delete it').argument('<pack>'),
  ).action(async (pack: string, { zone, ...options }: ClientOptions & { zone: string }) =>
    show((await call(options, 'DELETE', `${packsOf(zone)}/${part(pack)}`)).result, ['id'], options),
  );
}
