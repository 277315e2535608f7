/** `certpacks token create`: the first token on the database's own machine, and any other by the API. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { type ApiPlace, call } from './client.ts';
import { asClient } from './client-command.ts';
import { firstToken } from './serve.ts';

interface CreateOptions extends ApiPlace {
  readonly first?: boolean;
  readonly json?: boolean;
  readonly access: string;
  readonly zone?: readonly string[];
  readonly expires?: string;
}

/** Names of Cloudflare's permission groups, by what a token may do. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  read: ['SSL and Certificates Read', 'Zone Read'],
  certificates: ['SSL and Certificates Read', 'Zone Read', 'SSL and Certificates Write'],
  write: ['SSL and Certificates Read', 'Zone Read', 'SSL and Certificates Write', 'Zone Write'],
};

/** Adds to `token`. */
export function addTokenCreate(token: Command): void {
  asClient(
    token
      .command('create')
      .description('make a token and print it; it is shown this once')
      .argument('[name]'),
  )
    .option(
      '--first',
      'the first one of a new installation, with all permissions, on the database’s own machine',
    )
    .option(
      '--access <what>',
      `${Object.keys(GROUPS).join(', ')}: certificates may order and change packs alone`,
      'read',
    )
    .option('--zone <id...>', 'zones that it is limited to; all unless given')
    .option('--expires <instant>', 'when it ends (RFC 3339); never unless given')
    .action((name: string | undefined, options: CreateOptions) =>
      options.first ? firstToken() : create(name, options),
    );
}

async function create(name: string | undefined, options: CreateOptions): Promise<void> {
  const names = GROUPS[options.access];
  if (name === undefined) throw new Fault('configuration', 'a token has a name; or `token create --first`');
  if (!names) throw new Fault('configuration', `--access must be one of ${Object.keys(GROUPS).join(', ')}`);
  const { zone: zones = ['*'] } = options;
  const resources = Object.fromEntries(zones.map((id) => [`com.cloudflare.api.account.zone.${id}`, '*']));
  const policy = { effect: 'allow', resources, permission_groups: await groupsNamed(options, names) };
  const expiry = options.expires === undefined ? {} : { expires_on: options.expires };
  const { result } = await call(options, 'POST', '/user/tokens', { name, policies: [policy], ...expiry });
  if (!Made.Check(result)) throw new Fault('configuration', 'the API answers without the token');
  process.stdout.write(`${options.json ? JSON.stringify(result) : result.value}\n`);
}

const Made = Compile(Type.Object({ value: Type.String() }));
const Groups = Compile(Type.Array(Type.Object({ id: Type.String(), name: Type.String() })));

async function groupsNamed(place: ApiPlace, names: readonly string[]): Promise<{ id: string }[]> {
  const { result } = await call(place, 'GET', '/user/tokens/permission_groups');
  const groups = Groups.Check(result) ? result : [];
  return names.map((wanted) => {
    const found = groups.find(({ name }) => name === wanted);
    if (found) return { id: found.id };
    throw new Fault('configuration', `the API has no permission group '${wanted}'`);
  });
}
