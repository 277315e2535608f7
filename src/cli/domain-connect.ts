/** `certpacks domain-connect`: links by which records are created at DNS providers, by the API; and what providers are given before. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { CONNECT_SERVICES, connectTemplate } from '../pack/domain-connect.ts';
import { connectIdentityOf, connectKeyRecords } from '../serve/domain-connect.ts';
import { call, EXIT } from './client.ts';
import { asZoneClient, type ClientOptions, packsOf, part } from './client-command.ts';
import { printJson, printLine, printLines, tellLine } from './print.ts';
import { readSetting } from './process.ts';

const shape = Compile(
  Type.Object({
    links: Type.Array(
      Type.Object({
        kind: Type.String(),
        name: Type.String(),
        provider: Type.String(),
        url: Type.String(),
        records: Type.Array(Type.Object({ type: Type.String(), name: Type.String(), value: Type.String() })),
      }),
    ),
    without: Type.Array(
      Type.Object({ name: Type.String(), why: Type.String(), control_panel: Type.Optional(Type.String()) }),
    ),
  }),
);

interface LinkOptions extends ClientOptions {
  readonly zone: string;
  readonly hostname?: string;
  readonly pack?: string;
}

/** Adds the commands. */
export function addDomainConnect(certpacks: Command): void {
  const connect = certpacks
    .command('domain-connect')
    .description('records by one click at the DNS provider (Domain Connect): docs/domain-connect.md');
  asZoneClient(
    connect
      .command('link')
      .description('links that create the records of a custom hostname or a pack, or why there are none'),
  )
    .option('--hostname <id>', 'of this custom hostname')
    .option('--pack <id>', 'of this certificate pack')
    .action(link);
  connect
    .command('template')
    .description('a template for the configured provider id, as the public repository of templates takes it')
    .argument('<service>', CONNECT_SERVICES.join(' or '))
    .action(template);
  connect
    .command('key')
    .description(
      'the TXT records with the public key, by which providers check links, as lines of a zone file',
    )
    .action(key);
}

async function link({ zone, hostname, pack, json = false, ...place }: LinkOptions): Promise<void> {
  const { result } = await call(place, 'GET', `${pathOf({ zone, hostname, pack })}/domain_connect`);
  if (json) return printJson(result);
  if (!shape.Check(result)) {
    tellLine('certpacks: this API makes no Domain Connect links');
    process.exit(EXIT.unreachable);
  }
  for (const one of result.links) {
    printLine(`${one.kind.padEnd(8)} ${one.name} at ${one.provider}`);
    for (const { type, name, value } of one.records) printLine(`         ${name} ${type} ${value}`);
    printLine(`         ${one.url}`);
  }
  for (const { name, why, control_panel: panel } of result.without)
    printLine(`no link  ${name}: ${why}${panel === undefined ? '' : `; by hand at ${panel}`}`);
}

function pathOf({
  zone,
  hostname,
  pack,
}: Pick<LinkOptions, 'zone'> & Record<'hostname' | 'pack', string | undefined>) {
  if (hostname !== undefined && pack === undefined)
    return `/zones/${part(zone)}/custom_hostnames/${part(hostname)}`;
  if (pack !== undefined && hostname === undefined) return `${packsOf(zone)}/${part(pack)}`;
  throw new Fault('configuration', 'give either --hostname or --pack');
}

function identity() {
  const found = connectIdentityOf(readSetting(true).config.options);
  if (found) return found;
  throw new Fault(
    'configuration',
    'set connect_provider_id and connect_key_file first: docs/domain-connect.md',
  );
}

function template(wanted: string): void {
  const service = CONNECT_SERVICES.find((one) => one === wanted);
  if (!service)
    throw new Fault('configuration', `there are two templates: ${CONNECT_SERVICES.join(' and ')}`);
  printLines(`${JSON.stringify(connectTemplate(identity().terms, service), undefined, 2)}\n`);
}

function key(): void {
  const { terms, key: own } = identity();
  for (const value of connectKeyRecords(own))
    printLine(`${terms.keyName}.${terms.providerId}. 3600 IN TXT "${value}"`);
}
