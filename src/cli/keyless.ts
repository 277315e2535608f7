/** `certpacks keyless`: certificates of a zone whose private keys stay elsewhere, by the API; and what serves them. */
import { type Command, Option } from 'commander';
import { buildTerminator } from '../keyless/build.ts';
import { BUNDLE_METHODS, ENVIRONMENTS } from '../pack/pack.ts';
import { GEO_LABELS } from '../pack/region.ts';
import { terminatorIn } from '../serve/keyless-setting.ts';
import { call } from './client.ts';
import { asZoneClient, type ClientOptions, packsOf, part } from './client-command.ts';
import { printLines, tellLine } from './print.ts';
import { placeFor, readSetting } from './process.ts';
import { show } from './table.ts';
import { textIn } from './text-in.ts';

type ZoneOptions = ClientOptions & { readonly zone: string };

/** With what its pack says: whether it is served, and why not. */
const FIELDS = ['id', 'name', 'host', 'port', 'deploy', 'pack_status', 'errors'];
const ONE = ['id', 'name', 'host', 'port', 'deploy', 'pack_status', 'hosts', 'errors'];

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
  asZoneClient(
    keyless
      .command('list')
      .description('keyless certificates of a zone, whether each is served, and why not'),
  ).action(async ({ zone, ...options }: ZoneOptions) => {
    // All that a zone has come in one answer.
    const { result } = await call(options, 'GET', allOf(zone));
    show(Array.isArray(result) ? result.map(withErrors) : result, FIELDS, options);
  });
  asZoneClient(
    keyless.command('show').description('one of them, whether it is served, and why not').argument('<id>'),
  ).action(async (id: string, { zone, ...options }: ZoneOptions) => {
    const one = withErrors((await call(options, 'GET', oneOf(zone, id))).result);
    const pack = await call(options, 'GET', `${packsOf(zone)}/${part(String(one['certificate_pack_id']))}`);
    show({ ...one, hosts: asObject(pack.result)['hosts'] }, ONE, options);
  });
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

/** A keyless certificate with the words of its pack beside it. */
function withErrors(value: unknown): Record<string, unknown> {
  const one = asObject(value);
  const { validation_errors: errors = [] } = one;
  return { ...one, errors: Array.isArray(errors) ? errors.map((each) => asObject(each)['message']) : [] };
}

interface PlaceOptions extends ZoneOptions {
  readonly host?: string;
  readonly port?: number;
  readonly name?: string;
  readonly bundle?: string;
  readonly deploy?: string;
  readonly geo?: string;
  readonly policy?: string;
}

const host = () =>
  new Option('--host <place>', 'a key server, or pkcs11:token=…;object=… for a key in a token');
const port = (toNumber: (text: string) => number) =>
  new Option('--port <port>', 'of the key server; 24008 unless told').argParser(toNumber);
const name = () => new Option('--name <name>', 'how it is called');

/** Where it is to be served. */
const placed = (command: Command): Command =>
  command
    .addOption(
      new Option('--deploy <environment>', 'edges that serve it; those of production unless told').choices([
        ...ENVIRONMENTS,
      ]),
    )
    .addOption(new Option('--geo <label>', 'where it may be served').choices([...GEO_LABELS]))
    .option('--policy <policy>', 'the same in words, as (region: EU) and (not country: FR)');

function addChanges(keyless: Command, toNumber: (text: string) => number): void {
  placed(
    asZoneClient(
      keyless
        .command('add')
        .description('have a certificate served whose private key stays where it is')
        .argument('<certificate>', 'file in PEM with its chain and no key; - for standard input'),
    ),
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
  placed(
    asZoneClient(
      keyless
        .command('change')
        .description('say anew where its private key is, how it is called, or where it is to be served')
        .argument('<id>'),
    ),
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
  ...(options.deploy !== undefined && { deploy: options.deploy }),
  ...(options.geo !== undefined && { geo_restrictions: { label: options.geo } }),
  ...(options.policy !== undefined && { policy: options.policy }),
});

async function send(options: ZoneOptions, method: string, path: string, body: object): Promise<void> {
  const { result, messages } = await call(options, method, path, body);
  for (const message of messages) tellLine(message);
  show(withErrors(result), FIELDS, options);
}
