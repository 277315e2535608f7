/** `certpacks zone`: zones, by the API. */
import type { Command } from 'commander';
import { Fault } from '../kit/fault.ts';
import { deactivateZone } from '../operation/deactivate-zone.ts';
import { OPERATOR } from '../store/audit.ts';
import { call, callAll } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { asOperator } from './operator.ts';
import { tellLines } from './print.ts';
import { show } from './table.ts';
import { takesZoneName } from './zone-name.ts';

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
  takesZoneName(asClient(zone.command('get').description('one zone').argument('<zone>'))).action(
    async (id: string, options: ClientOptions) =>
      show((await call(options, 'GET', `/zones/${part(id)}`)).result, ZONE, options),
  );
  takesZoneName(
    asClient(
      zone.command('check').description('have control of a zone looked for at once').argument('<zone>'),
    ),
  ).action(async (id: string, options: ClientOptions) =>
    show((await call(options, 'PUT', `/zones/${part(id)}/activation_check`)).result, ['id'], options),
  );
  for (const [name, paused] of [
    ['pause', true],
    ['unpause', false],
  ] as const)
    takesZoneName(asClient(zone.command(name).description(PAUSE[name]).argument('<zone>'))).action(
      async (id: string, options: ClientOptions) =>
        show((await call(options, 'PATCH', `/zones/${part(id)}`, { paused })).result, ZONE, options),
    );
  takesZoneName(
    asClient(zone.command('delete').description('delete a zone with its packs').argument('<zone>')),
  ).action(async (id: string, options: ClientOptions) =>
    show((await call(options, 'DELETE', `/zones/${part(id)}`)).result, ['id'], options),
  );
  addDeactivation(zone);
}

const PAUSE = {
  pause: 'serve nothing new in a zone: what is issued waits',
  unpause: 'go on with what waits in a zone',
} as const;

/** What the operator alone can do, on the database itself. */
function addDeactivation(zone: Command): void {
  for (const [name, isDeactivated] of [
    ['deactivate', true],
    ['reactivate', false],
  ] as const)
    zone
      .command(name)
      .description(DEACTIVATE[name])
      .argument('<id>')
      .action((id: string) =>
        asOperator(async (deps) => {
          if (!(await deactivateZone(deps, id, { isDeactivated, by: OPERATOR })))
            throw new Fault('configuration', `there is no zone ${id.slice(0, 100)}`);
          tellLines(`zone ${id}: ${name}d\n`);
        }),
      );
}

const DEACTIVATE = {
  deactivate:
    'do nothing more for a zone, whoever has it, on the database itself; what is served stays served',
  reactivate: 'end that: control of the zone is looked for again, on the database itself',
} as const;
