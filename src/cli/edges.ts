/** `certpacks edges`: edges of the installation, by the API. */
import type { Command } from 'commander';
import { call, callAll, EXIT, end } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { tellLine } from './print.ts';
import { show } from './table.ts';

type EdgeOptions = ClientOptions & { readonly account?: string };

const LISTED = [
  'name',
  'kind',
  'environment',
  'status',
  'is_connected',
  'lag_seconds',
  'packs',
  'names',
  'problem',
];
const ONE = [...LISTED, 'packs_behind', 'proved_on', 'version', 'certificate_expires_on', 'id'];
const WITH_TOKEN = ['name', 'id', 'token_expires_on', 'token'];

/** Adds the commands. */
export function addEdges(certpacks: Command): void {
  const edges = certpacks
    .command('edges')
    .description(
      'edges of the installation, by the API, for accounts of the operator; the token is taken from CERTPACKS_TOKEN',
    );
  of(edges, 'list', 'edges, with agents and of the configuration').action(async (options: EdgeOptions) =>
    show(await callAll(options, await pathOf(options)), LISTED, options),
  );
  of(edges, 'add', 'enrol an edge: prints the token by which its agent takes it up within an hour')
    .argument('<name>')
    .requiredOption('--kind <kind>', 'its make, e.g. nginx')
    .option('--environment <environment>', 'production or staging', 'production')
    .option('--region <codes...>', 'where it is, e.g. EU; keys that may be nowhere else go there')
    .option('--country <code>', 'two letters (ISO 3166)')
    .option('--highest-security', 'it stands where keys of highest security may be')
    .option('--host <host>', 'where the service itself shakes hands with it, beside its agent')
    .option('--port <port>')
    .action(add);
  one(
    edges,
    'show',
    'one edge: how far it is, and which packs it does not show as it is to',
    async (id, options) => show((await call(options, 'GET', id)).result, ONE, options),
  );
  one(edges, 'token', 'another token for an edge, in the place of any before it', async (id, options) =>
    tellToken((await call(options, 'POST', `${id}/token`)).result, options),
  );
  for (const [name, drained] of [
    ['drain', true],
    ['undrain', false],
  ] as const)
    one(edges, name, DRAIN[name], async (id, options) =>
      show((await call(options, 'PATCH', id, { drained })).result, LISTED, options),
    );
  one(
    edges,
    'remove',
    'remove an edge: its agent is refused, and nothing waits for it',
    async (id, options) => show((await call(options, 'DELETE', id)).result, ['id'], options),
  );
}

const DRAIN = {
  drain: 'have no pack wait for an edge, which goes on serving',
  undrain: 'have packs wait for an edge again',
} as const;

const of = (edges: Command, name: string, what: string): Command =>
  asClient(edges.command(name).description(what)).option(
    '--account <id>',
    'id of the account; the token’s own unless given',
  );

/** A command for one edge, which is given the path of that. */
function one(
  edges: Command,
  name: string,
  what: string,
  act: (path: string, options: ClientOptions) => Promise<void>,
): void {
  of(edges, name, what)
    .argument('<edge>', 'its name or id')
    .action(async (which: string, options: EdgeOptions) => {
      const path = await pathOf(options);
      await act(`${path}/${part(await idOf(which, path, options))}`, options);
    });
}

const pathOf = async ({ account, ...place }: EdgeOptions): Promise<string> =>
  `/accounts/${part(account ?? (await ownAccount(place)))}/edges`;

/** The id of the edge of that name; what is none is taken for an id. */
async function idOf(which: string, path: string, options: ClientOptions): Promise<string> {
  const [found] = await callAll(options, `${path}?name=${part(which)}`);
  const id: unknown = typeof found === 'object' && found !== null ? Reflect.get(found, 'id') : undefined;
  return typeof id === 'string' ? id : which;
}

interface AddOptions extends EdgeOptions {
  readonly kind: string;
  readonly environment: string;
  readonly region?: readonly string[];
  readonly country?: string;
  readonly highestSecurity?: boolean;
  readonly host?: string;
  readonly port?: string;
}

async function add(name: string, options: AddOptions): Promise<void> {
  const { kind, environment, region, country, highestSecurity, host, port } = options;
  if (port !== undefined && !/^\d{1,5}$/.test(port)) end(EXIT.refused, '--port must be a number');
  const body = {
    name,
    kind,
    environment,
    ...(region && { region }),
    ...(country !== undefined && { country }),
    ...(highestSecurity && { highest_security: true }),
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port: Number(port) }),
  };
  tellToken((await call(options, 'POST', await pathOf(options), body)).result, options);
}

/** The token is shown this once. */
function tellToken(result: unknown, options: ClientOptions): void {
  show(result, WITH_TOKEN, options);
  if (!options.json) tellLine('the token works once, within an hour, and is not shown again');
}
