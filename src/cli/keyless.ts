/** `certpacks keyless`: certificates of a zone whose private keys stay elsewhere, by the API; and what serves them. */
import { type Command, Option } from 'commander';
import { buildTerminator } from '../keyless/build.ts';
import { BUNDLE_METHODS } from '../pack/pack.ts';
import { terminatorIn } from '../serve/keyless-setting.ts';
import { call, callAll } from './client.ts';
import { asZoneClient, type ClientOptions, packsOf, part } from './client-command.ts';
import { printLines, tellLine } from './print.ts';
import { placeFor, readSetting } from './process.ts';
import { show } from './table.ts';
import { textIn } from './text-in.ts';

type ZoneOptions = ClientOptions & { readonly zone: string };

const FIELDS = ['id', 'name', 'host', 'port', 'status', 'created_on'];
/** With what its pack says: whether it is served, and why not. */
const ONE = ['id', 'name', 'host', 'port', 'pack_status', 'hosts', 'errors'];

const allOf = (zone: string): string => `/zones/${part(zone)}/keyless_certificates`;
const oneOf = (zone: string, id: string): string => `${allOf(zone)}/${part(id)}`;

/** Adds the commands; `toNumber` reads a port. */
export function addKeyless(certpacks: Command, toNumber: (text: string) => number): void {
  const keyless = certpacks
    .command('keyless')
    .description(
      'certificates whose private keys stay elsewhere, by the API; the token is taken from CERTPACKS_TOKEN',
    );
  addBuild(keyless);
  addReads(keyless);
  addChanges(keyless, toNumber);
}

function addBuild(keyless: Command): void {
  keyless
    .command('build')
    .description(
      'compile the program that speaks TLS for them on this machine; takes a C compiler and OpenSSL 3',
    )
    .option('--into <path>', 'where it is written; unless told, where it is looked for')
    .action(async ({ into }: { readonly into?: string }) => {
      const { config } = readSetting(true);
      const path =
        into ?? (config.options.keyless_program || terminatorIn(placeFor(config, undefined, false)));
      await buildTerminator(path);
      printLines(`${path} is built\n`);
    });
}

function addReads(keyless: Command): void {
  asZoneClient(keyless.command('list').description('keyless certificates of a zone')).action(
    async ({ zone, ...options }: ZoneOptions) => show(await callAll(options, allOf(zone)), FIELDS, options),
  );
  asZoneClient(
    keyless.command('show').description('one of them, whether it is served, and why not').argument('<id>'),
  ).action(async (id: string, { zone, ...options }: ZoneOptions) => {
    const { result } = await call(options, 'GET', oneOf(zone, id));
    const pack = await call(options, 'GET', `${packsOf(zone)}/${part(id)}`);
    show({ ...asObject(result), ...standing(asObject(pack.result)) }, ONE, options);
  });
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

const standing = ({ status, hosts, validation_errors: errors = [] }: Record<string, unknown>) => ({
  pack_status: status,
  hosts,
  errors: Array.isArray(errors) ? errors.map((one) => asObject(one)['message']) : [],
});

interface PlaceOptions extends ZoneOptions {
  readonly host?: string;
  readonly port?: number;
  readonly name?: string;
  readonly bundle?: string;
}

const host = () =>
  new Option('--host <place>', 'a key server, or pkcs11:token=…;object=… for a key in a token');
const port = (toNumber: (text: string) => number) =>
  new Option('--port <port>', 'of the key server; 24008 unless told').argParser(toNumber);
const name = () => new Option('--name <name>', 'how it is called');

function addChanges(keyless: Command, toNumber: (text: string) => number): void {
  asZoneClient(
    keyless
      .command('add')
      .description('have a certificate served whose private key stays where it is')
      .argument('<certificate>', 'file in PEM with its chain and no key; - for standard input'),
  )
    .addOption(host().makeOptionMandatory())
    .addOption(port(toNumber))
    .addOption(name())
    .addOption(
      new Option('--bundle <method>', 'how the chain is made; force: as it is').choices([...BUNDLE_METHODS]),
    )
    .action((certificate: string, options: PlaceOptions) =>
      send(options, 'POST', allOf(options.zone), { certificate: textIn(certificate), ...terms(options) }),
    );
  asZoneClient(
    keyless
      .command('change')
      .description('say anew where its private key is, or how it is called')
      .argument('<id>'),
  )
    .addOption(host())
    .addOption(port(toNumber))
    .addOption(name())
    .action((id: string, options: PlaceOptions) =>
      send(options, 'PATCH', oneOf(options.zone, id), terms(options)),
    );
  asZoneClient(
    keyless.command('delete').description('take one off the edges and delete it').argument('<id>'),
  ).action(async (id: string, { zone, ...options }: ZoneOptions) =>
    show((await call(options, 'DELETE', oneOf(zone, id))).result, ['id'], options),
  );
}

const terms = (options: PlaceOptions) => ({
  ...(options.host !== undefined && { host: options.host }),
  ...(options.port !== undefined && { port: options.port }),
  ...(options.name !== undefined && { name: options.name }),
  ...(options.bundle !== undefined && { bundle_method: options.bundle }),
});

async function send(options: ZoneOptions, method: string, path: string, body: object): Promise<void> {
  const { result, messages } = await call(options, method, path, body);
  for (const message of messages) tellLine(message);
  show(result, FIELDS, options);
}
