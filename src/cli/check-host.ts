/** `certpacks check-host`: where a public name leads now, and what is missing for the move, by the API. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { call, EXIT, end } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { printJson, printLine } from './print.ts';

const Address = Type.Object({
  address: Type.String(),
  is_ours: Type.Boolean(),
  problem: Type.Optional(Type.String()),
  certificate: Type.Optional(
    Type.Object({ issuer: Type.String(), expires_on: Type.String(), is_of_pack: Type.Boolean() }),
  ),
});
const Check = Type.Object({
  host: Type.String(),
  leads_to: Type.String(),
  cdn: Type.Optional(Type.String()),
  names: Type.Array(Type.String()),
  addresses: Type.Array(Address),
  certificate_pack_id: Type.Optional(Type.String()),
  missing: Type.Array(Type.String()),
});
type Check = Type.Static<typeof Check>;
const shape = Compile(Check);

/** Adds the command. */
export function addCheckHost(certpacks: Command): void {
  asClient(
    certpacks
      .command('check-host')
      .description(
        'where a public name leads now, which certificates it shows, and what is missing for the move',
      )
      .argument('<name>'),
  )
    .option('--account <id>', 'id of the account; the token’s own unless given')
    .action(check);
}

async function check(name: string, options: ClientOptions & { account?: string }): Promise<void> {
  const account = options.account ?? (await ownAccount(options));
  const { result } = await call(options, 'GET', `/accounts/${part(account)}/host_checks/${part(name)}`);
  if (options.json) return printJson(result);
  if (!shape.Check(result)) return end(EXIT.unreachable, 'this API does not check hosts');
  for (const [head, line] of linesOf(result)) printLine(`${head.padEnd(10)} ${line}`.trimEnd());
}

/** What is printed: names at the left, one value a line. */
const linesOf = (it: Check): [string, string][] => [
  ['leads to', `${LEADS_TO[it.leads_to] ?? it.leads_to}${it.cdn === undefined ? '' : ` (${it.cdn})`}`],
  ...it.names.slice(1).map((name): [string, string] => ['by', name]),
  ...it.addresses.map((one): [string, string] => ['address', addressLine(one)]),
  ['pack', it.certificate_pack_id ?? 'none here'],
  ...it.missing.map((one): [string, string] => ['missing', one]),
  ...(it.missing.length === 0 ? [['missing', 'nothing'] satisfies [string, string]] : []),
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
  const { issuer, expires_on: end_, is_of_pack: isOfPack } = certificate;
  const of = isOfPack ? 'the certificate of the pack' : `a certificate of ${issuer}`;
  return `${address} (${whose}): ${of}, until ${end_.slice(0, 10)}`;
}
