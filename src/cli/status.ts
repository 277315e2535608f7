/** `certpacks status`: how an account stands, in one screen of a terminal. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { call } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { type Piece, printJson, printPieces } from './print.ts';

interface StatusOptions extends ClientOptions {
  readonly account?: string;
}

/** Adds the command. */
export function addStatus(certpacks: Command): void {
  asClient(
    certpacks.command('status').description('how an account stands: what waits for whom, and what is late'),
  )
    .option('--account <id>', 'id of the account; the token’s own unless given')
    .action(status);
}

const Shape = Type.Object({
  as_of: Type.String(),
  total: Type.Integer(),
  groups: Type.Record(Type.String(), Type.Integer()),
  renewals: Type.Object({ overdue: Type.Integer() }),
  expiries: Type.Array(Type.Object({ from: Type.String(), count: Type.Integer() })),
  certificate_authorities: Type.Array(
    Type.Object({
      certificate_authority: Type.String(),
      packs: Type.Integer(),
      soonest_end: Type.Optional(Type.String()),
    }),
  ),
  most_at_risk: Type.Array(
    Type.Object({
      id: Type.String(),
      zone_name: Type.String(),
      hosts: Type.Array(Type.String()),
      status: Type.String(),
      expires_on: Type.String(),
      life_left: Type.Number(),
    }),
  ),
});
type Summary = Type.Static<typeof Shape>;
const shape = Compile(Shape);

async function status({ account, ...options }: StatusOptions): Promise<void> {
  const of = account ?? (await ownAccount(options));
  const { result } = await call(options, 'GET', `/accounts/${part(of)}/ssl/certificate_packs/summary`);
  if (!shape.Check(result))
    throw new Fault('configuration', `${options.api} has no summary: that is a route of certpacks alone`);
  if (options.json) printJson(result);
  else for (const line of screenOf(result)) printPieces(line);
}

function screenOf(summary: Summary): Piece[][] {
  return [
    [{ text: `${summary.total} packs, as of ${summary.as_of}`, colour: 'dim' }],
    [],
    ...groupsOf(summary),
    [],
    [{ text: 'certificates end in the week of', colour: 'dim' }],
    ...weeksOf(summary),
    [],
    ...authoritiesOf(summary),
    ...risksOf(summary),
  ];
}

/** What is fine, what waits, and what somebody has to look at, each with its colour where there is any. */
const COLOURS: Readonly<Record<string, Piece['colour']>> = {
  active: 'green',
  waiting_for_customer: 'yellow',
  waiting_for_ca: 'yellow',
  at_risk: 'red',
  expired: 'red',
};
const NAME_WIDTH = 24;
const COUNT_WIDTH = 9;

const groupsOf = ({ groups, renewals }: Summary): Piece[][] =>
  Object.entries({ ...groups, renewals_overdue: renewals.overdue }).map(([name, count]) => [
    { text: name.replaceAll('_', ' ').padEnd(NAME_WIDTH) },
    { text: String(count).padStart(COUNT_WIDTH), colour: count > 0 ? COLOURS[name] : 'dim' },
  ]);

const BAR = 40;

function weeksOf({ expiries }: Summary): Piece[][] {
  const most = expiries.reduce((highest, { count }) => Math.max(highest, count), 1);
  return expiries.map(({ from, count }) => [
    { text: from.padEnd(NAME_WIDTH) },
    { text: `${String(count).padStart(COUNT_WIDTH)} ` },
    { text: '#'.repeat(Math.ceil((BAR * count) / most)), colour: 'green' },
  ]);
}

const authoritiesOf = ({ certificate_authorities: authorities }: Summary): Piece[][] =>
  authorities.map(({ certificate_authority: name, packs, soonest_end: end }) => [
    { text: name.padEnd(NAME_WIDTH) },
    { text: String(packs).padStart(COUNT_WIDTH) },
    { text: end === undefined ? '' : `  the soonest ends ${end.slice(0, 10)}`, colour: 'dim' },
  ]);

function risksOf({ most_at_risk: risks }: Summary): Piece[][] {
  if (risks.length === 0) return [];
  const rows = risks.map(({ id, zone_name: zone, hosts, status: at, expires_on: end, life_left: left }) => [
    { text: `${id}  ${zone}  ${hosts[0] ?? ''}  ${at}  ` },
    {
      text: `${Math.round(100 * left)} % of its life left, until ${end.slice(0, 10)}`,
      colour: 'red' as const,
    },
  ]);
  return [[], [{ text: 'most at risk', colour: 'dim' }], ...rows];
}
