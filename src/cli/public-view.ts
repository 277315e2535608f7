/** `certpacks packs public`, and how it is printed where a host leads. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { call, EXIT, end } from './client.ts';
import { asZoneClient, type ClientOptions, packsOf, part } from './client-command.ts';
import { printJson, printLine } from './print.ts';

const Address = Type.Object({
  address: Type.String(),
  is_ours: Type.Boolean(),
  problem: Type.Optional(Type.String()),
  certificate: Type.Optional(
    Type.Object({ issuer: Type.String(), expires_on: Type.String(), is_of_pack: Type.Boolean() }),
  ),
});
/** What is told of a host. */
export const Viewed = Type.Object({
  host: Type.String(),
  says: Type.String(),
  leads_to: Type.String(),
  cdn: Type.Optional(Type.String()),
  names: Type.Array(Type.String()),
  addresses: Type.Array(Address),
  situations: Type.Array(
    Type.Object({
      situation: Type.String(),
      whose_move: Type.Union([Type.String(), Type.Null()]),
      what: Type.String(),
      next_step: Type.String(),
    }),
  ),
  missing: Type.Array(Type.String()),
});
type Viewed = Type.Static<typeof Viewed>;
const shape = Compile(
  Type.Object({ hosts: Type.Array(Viewed), total: Type.Integer(), page: Type.Integer() }),
);

/** Adds the command. */
export const addPackPublic = (packs: Command): Command =>
  asZoneClient(
    packs
      .command('public')
      .description('where the hosts of a pack lead, told apart from whether the edges serve them')
      .argument('<pack>'),
  )
    .option('--page <n>', 'six hosts a page', '1')
    .action(show);

async function show(
  pack: string,
  { zone, page, json = false, ...place }: ClientOptions & { zone: string; page: string },
): Promise<void> {
  const path = `${packsOf(zone)}/${part(pack)}/public_view?page=${part(page)}`;
  const { result } = await call(place, 'GET', path);
  if (json) return printJson(result);
  if (!shape.Check(result)) return end(EXIT.unreachable, 'this API does not tell where hosts lead');
  for (const one of result.hosts) {
    printLine(one.host);
    for (const [head, line] of viewLines(one)) printLine(`  ${head.padEnd(10)} ${line}`.trimEnd());
  }
}

/** A view in lines, names at the left. */
export const viewLines = (it: Viewed): [string, string][] => [
  ['', it.says],
  ['leads to', `${LEADS_TO[it.leads_to] ?? it.leads_to}${it.cdn === undefined ? '' : ` (${it.cdn})`}`],
  ...it.names.slice(1).map((name): [string, string] => ['by', name]),
  ...it.addresses.map((one): [string, string] => ['address', addressLine(one)]),
  ...it.situations.flatMap(({ situation, whose_move: whose, what, next_step: next }): [string, string][] => [
    [
      'situation',
      `${situation.replaceAll('_', ' ')}, ${whose === null ? 'nobody’s' : `the ${whose}’s`} move`,
    ],
    ['', what],
    ['next step', next],
  ]),
];

const LEADS_TO: Readonly<Record<string, string>> = {
  us: 'our edges',
  partly_us: 'our edges, and others',
  cdn: 'a CDN',
  elsewhere: 'elsewhere',
  nowhere: 'nowhere',
  unknown: 'DNS does not tell',
};

function addressLine({
  address,
  is_ours: isOurs,
  certificate,
  problem,
}: Type.Static<typeof Address>): string {
  const whose = isOurs ? 'ours' : 'not ours';
  if (!certificate) return `${address} (${whose}): ${problem ?? 'no certificate'}`;
  const { issuer, expires_on: until, is_of_pack: isOfPack } = certificate;
  const of = isOfPack ? 'the certificate of the pack' : `a certificate of ${issuer}`;
  return `${address} (${whose}): ${of}, until ${until.slice(0, 10)}`;
}
