/** `certpacks csr`: requests for certificates whose keys are made and kept by the service. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { call, callAll } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { printLines } from './print.ts';
import { show } from './table.ts';
import { takesZoneNames } from './zone-name.ts';

interface CsrOptions extends ClientOptions {
  readonly zone?: string;
  readonly account?: string;
}

interface CreateOptions extends CsrOptions {
  readonly country: string;
  readonly state: string;
  readonly locality: string;
  readonly organization: string;
  readonly unit?: string;
  readonly commonName?: string;
  readonly keyType: string;
  readonly name?: string;
  readonly description?: string;
  readonly out?: string;
}

const FIELDS = ['id', 'name', 'key_type', 'common_name', 'sans', 'created_at'];

/** Adds the commands. */
export function addCsrs(certpacks: Command): void {
  const csrs = certpacks
    .command('csr')
    .description('requests for certificates of other CAs: the key is made and kept by the service');
  asCsrClient(csrs.command('list').description('the requests of a zone, or of the account')).action(
    async (options: CsrOptions) => show(await callAll(options, await csrsOf(options)), FIELDS, options),
  );
  asCsrClient(csrs.command('get').description('print a request in PEM').argument('<csr>')).action(
    async (id: string, options: CsrOptions) => {
      const { result } = await call(options, 'GET', `${await csrsOf(options)}/${part(id)}`);
      tell(result, options);
    },
  );
  asCsrClient(csrs.command('delete').description('delete a request and its key').argument('<csr>')).action(
    async (id: string, options: CsrOptions) => {
      const { result } = await call(options, 'DELETE', `${await csrsOf(options)}/${part(id)}`);
      show([result], ['id'], options);
    },
  );
  addCreate(csrs);
}

function addCreate(csrs: Command): void {
  asCsrClient(csrs.command('create').description('make a key and a request for hosts').argument('<host...>'))
    .requiredOption('--country <code>', 'two letters')
    .requiredOption('--state <name>', 'state or province')
    .requiredOption('--locality <name>', 'city')
    .requiredOption('--organization <name>', 'who it is for')
    .option('--unit <name>', 'part of the organization')
    .option('--common-name <host>', 'common name; the first host unless given')
    .option('--key-type <type>', 'rsa2048 or p256v1', 'p256v1')
    .option('--name <text>', 'a name for people')
    .option('--description <text>', 'a description for people')
    .option('--out <file>', 'write the request there, in PEM, and print its id')
    .action(create);
}

async function create(hosts: readonly string[], options: CreateOptions): Promise<void> {
  const { country, state, locality, organization, unit, name, description, out } = options;
  const { result } = await call(options, 'POST', await csrsOf(options), {
    common_name: options.commonName ?? hosts[0],
    country,
    state,
    locality,
    organization,
    ...(unit !== undefined && { organizational_unit: unit }),
    sans: hosts,
    key_type: options.keyType,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
  });
  if (out === undefined || !Made.Check(result)) return tell(result, options);
  writeFileSync(out, result.csr);
  show([result], ['id'], options);
}

const asCsrClient = (command: Command): Command =>
  takesZoneNames(
    asClient(command).option('--zone <zone>', 'name or id of the zone; the account unless given'),
  ).option('--account <id>', 'id of the account, where no zone is given; the token’s own unless given');

const csrsOf = async (options: CsrOptions): Promise<string> =>
  options.zone === undefined
    ? `/accounts/${part(options.account ?? (await ownAccount(options)))}/custom_csrs`
    : `/zones/${part(options.zone)}/custom_csrs`;

const Made = Compile(Type.Object({ id: Type.String(), csr: Type.String() }));

/** The request itself, to be piped on; all of it where JSON is wanted. */
function tell(result: unknown, options: CsrOptions): void {
  if (options.json || !Made.Check(result)) show([result], FIELDS, options);
  else printLines(result.csr.trimEnd());
}
