/** `certpacks check-host`: where a public name leads now, and what is missing for the move, by the API. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { call, EXIT, end } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { printJson, printLine } from './print.ts';
import { Viewed, viewLines } from './public-view.ts';

const Check = Type.Object({ ...Viewed.properties, certificate_pack_id: Type.Optional(Type.String()) });
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
const linesOf = (it: Type.Static<typeof Check>): [string, string][] => [
  ...viewLines(it),
  ['pack', it.certificate_pack_id ?? 'none here'],
  ...it.missing.map((one): [string, string] => ['missing', one]),
  ...(it.missing.length === 0 ? [['missing', 'nothing'] satisfies [string, string]] : []),
];
