/** `certpacks moves`: what moves in from elsewhere, and how far it is, by the API. What begins them is `import`. */
import { type Command, Option } from 'commander';
import { MOVE_IN_STATUSES } from '../pack/move-in.ts';
import { call, callAll } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { show } from './table.ts';
import { takesZoneNames } from './zone-name.ts';

type MoveOptions = ClientOptions & { readonly account?: string };

const FIELDS = ['id', 'status', 'hosts', 'planned_for', 'imported_expires_on', 'managed_pack_id', 'why'];
const COUNTS = [
  'planned',
  'ordered',
  'proving',
  'done',
  'cancelled',
  'stuck',
  'late',
  'orders_per_hour',
] as const;

const asMoveClient = (command: Command): Command =>
  asClient(command).option('--account <id>', 'id of the account; the token’s own unless given');

const movesOf = async (options: MoveOptions): Promise<string> =>
  `/accounts/${part(options.account ?? (await ownAccount(options)))}/move_ins`;

/** Adds the commands. */
export function addMoves(certpacks: Command): void {
  const moves = certpacks
    .command('moves')
    .description(
      'names that move in, after `certpacks import`, by the API; the token is taken from CERTPACKS_TOKEN',
    );
  takesZoneNames(
    asMoveClient(moves.command('list').description('what moves in, and what stands in its way, all pages')),
  )
    .option('--zone <zone>', 'those of one zone, by its name or id')
    .addOption(new Option('--status <status>', 'those of one status').choices([...MOVE_IN_STATUSES]))
    .action(list);
  asMoveClient(
    moves.command('summary').description('how many there are, by status; stuck and late ones want a look'),
  ).action(async (options: MoveOptions) =>
    show((await call(options, 'GET', `${await movesOf(options)}/summary`)).result, COUNTS, options),
  );
  asMoveClient(moves.command('get').description('one move').argument('<id>')).action(
    async (id: string, options: MoveOptions) =>
      show((await call(options, 'GET', `${await movesOf(options)}/${part(id)}`)).result, FIELDS, options),
  );
  asMoveClient(
    moves
      .command('cancel')
      .description('leave an imported certificate as it is: no managed pack takes its place')
      .argument('<id>'),
  ).action(async (id: string, options: MoveOptions) => {
    const path = `${await movesOf(options)}/${part(id)}/cancel`;
    show((await call(options, 'POST', path, {})).result, FIELDS, options);
  });
}

interface ListOptions extends MoveOptions {
  readonly zone?: string;
  readonly status?: string;
}

async function list({ zone, status, ...options }: ListOptions): Promise<void> {
  const query = new URLSearchParams({
    ...(zone !== undefined && { zone_id: zone }),
    ...(status !== undefined && { status }),
  });
  const asked = query.size > 0 ? `?${query.toString()}` : '';
  show(await callAll(options, `${await movesOf(options)}${asked}`), FIELDS, options);
}
