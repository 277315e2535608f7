/** `certpacks token create`: the first token on the database's own machine, and any other by the API. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { createFirstToken } from '../operation/create-first-token.ts';
import { PERMISSION_NAMES, PERMISSIONS } from '../pack/permission.ts';
import { type ApiPlace, call } from './client.ts';
import { asClient, type ClientOptions } from './client-command.ts';
import { accountOf, asOperator } from './operator.ts';
import { ownAccount } from './own-account.ts';
import { printJson, printLine } from './print.ts';
import { takesZoneNames } from './zone-name.ts';

interface CreateOptions extends ClientOptions {
  readonly first?: boolean;
  readonly account?: string;
  readonly access: string;
  readonly permission?: readonly string[];
  readonly zone?: readonly string[];
  readonly expires?: string;
  readonly from?: readonly string[];
}

/** Names of Cloudflare's permission groups, by what a token may do. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  read: ['SSL and Certificates Read', 'Zone Read', 'DNS Read'],
  certificates: ['SSL and Certificates Read', 'Zone Read', 'DNS Read', 'SSL and Certificates Write'],
  write: [
    'SSL and Certificates Read',
    'Zone Read',
    'DNS Read',
    'SSL and Certificates Write',
    'Zone Write',
    'DNS Write',
  ],
};

/** Adds to `token`. */
export function addTokenCreate(token: Command): void {
  takesZoneNames(
    asClient(
      token
        .command('create')
        .description('make a token and print it; it is shown this once')
        .argument('[name]'),
    ),
  )
    .option('--first', 'the first one of an account, with all permissions, on the database’s own machine')
    .option(
      '--account <id or name>',
      'with --first: whose; otherwise the account of what --permission names. The token’s own unless given',
    )
    .option(
      '--access <what>',
      `${Object.keys(GROUPS).join(', ')}: certificates may order and change packs alone`,
      'read',
    )
    .option('--permission <name...>', `in place of --access: ${PERMISSION_NAMES.join(', ')}`)
    .option('--zone <zone...>', 'names or ids of zones that it is limited to; all unless given')
    .option('--expires <instant>', 'when it ends (RFC 3339); never unless given')
    .option('--from <network...>', 'addresses that it can be used from, as 192.0.2.0/24; any unless given')
    .action((name: string | undefined, options: CreateOptions) =>
      options.first ? first(options) : create(name, options),
    );
}

/** The first token of an account, for whoever can reach the database. */
const first = ({ account }: CreateOptions): Promise<void> =>
  asOperator(async (deps) => printLine(await createFirstToken(deps, await accountOf(deps, account))));

async function create(name: string | undefined, options: CreateOptions): Promise<void> {
  const names = options.permission ?? GROUPS[options.access];
  if (name === undefined) throw new Fault('configuration', 'a token has a name; or `token create --first`');
  if (!names) throw new Fault('configuration', `--access must be one of ${Object.keys(GROUPS).join(', ')}`);
  const policies = await policiesOf(options, names);
  const { result } = await call(options, 'POST', '/user/tokens', {
    name,
    policies,
    ...(options.expires !== undefined && { expires_on: options.expires }),
    ...(options.from && { condition: { request_ip: { in: options.from } } }),
  });
  if (!Made.Check(result)) throw new Fault('configuration', 'the API answers without the token');
  if (options.json) printJson(result);
  else printLine(result.value);
}

const Made = Compile(Type.Object({ value: Type.String() }));
const Groups = Compile(Type.Array(Type.Object({ id: Type.String(), name: Type.String() })));

/** Permissions of zones and those of the account, each with what they are of. */
async function policiesOf(options: CreateOptions, names: readonly string[]): Promise<object[]> {
  const ofAccount = names.filter(isOfAccount);
  const ofZones = names.filter((name) => !ofAccount.includes(name));
  const { zone: zones = ['*'] } = options;
  const groups = await groupsNamed(options, names);
  const policy = (some: readonly string[], resources: object) =>
    some.length === 0
      ? []
      : [{ effect: 'allow', resources, permission_groups: some.map((name) => groups.get(name)) }];
  const account = ofAccount.length > 0 ? (options.account ?? (await ownAccount(options))) : '';
  return [
    ...policy(ofZones, Object.fromEntries(zones.map((id) => [`com.cloudflare.api.account.zone.${id}`, '*']))),
    ...policy(ofAccount, { [`com.cloudflare.api.account.${account}`]: '*' }),
  ];
}

const isOfAccount = (name: string): boolean =>
  PERMISSION_NAMES.some((one) => one === name && PERMISSIONS[one].scope === 'account');

async function groupsNamed(
  place: ApiPlace,
  names: readonly string[],
): Promise<ReadonlyMap<string, { id: string }>> {
  const { result } = await call(place, 'GET', '/user/tokens/permission_groups');
  const groups = Groups.Check(result) ? result : [];
  return new Map(
    names.map((wanted) => {
      const found = groups.find(({ name }) => name === wanted);
      if (found) return [wanted, { id: found.id }];
      throw new Fault('configuration', `the API has no permission group '${wanted}'`);
    }),
  );
}
