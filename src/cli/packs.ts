/** `certpacks packs`: certificate packs, by the API. */
import { Argument, type Command } from 'commander';
import { ENVIRONMENTS } from '../pack/pack.ts';
import { call } from './client.ts';
import { asZoneClient, type ClientOptions, PACK_FIELDS, packsOf, part } from './client-command.ts';
import { addPackEvents } from './pack-events.ts';
import { addPackExplain } from './pack-explain.ts';
import { addPackExport } from './pack-export.ts';
import { addPackList } from './pack-list.ts';
import { addPackOrder } from './pack-order.ts';
import { addPackRevoke } from './pack-revoke.ts';
import { addPacksBulk } from './packs-bulk.ts';
import { addPackPublic } from './public-view.ts';
import { show } from './table.ts';

/** Adds the commands. */
export function addPacks(certpacks: Command): void {
  const packs = certpacks
    .command('packs')
    .description('certificate packs, by the API; the token is taken from CERTPACKS_TOKEN');
  addPackList(packs);
  asZoneClient(packs.command('get').description('one pack').argument('<pack>')).action(
    async (pack: string, { zone, ...options }: ClientOptions & { zone: string }) =>
      show((await call(options, 'GET', `${packsOf(zone)}/${part(pack)}`)).result, PACK_FIELDS, options),
  );
  addPackEvents(packs);
  addPackExplain(packs);
  addPackExport(packs);
  addPackOrder(packs);
  addPackPublic(packs);
  addPackRevoke(packs);
  addPacksBulk(packs);
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
    packs
      .command('deploy')
      .description('take a pack to the edges of an environment: promote it from staging, or take it back')
      .argument('<pack>')
      .addArgument(new Argument('<environment>', 'whose edges serve it').choices([...ENVIRONMENTS])),
  ).action(async (pack: string, deploy: string, { zone, ...options }: ClientOptions & { zone: string }) =>
    show(
      (await call(options, 'PATCH', `${packsOf(zone)}/${part(pack)}`, { deploy })).result,
      PACK_FIELDS,
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
