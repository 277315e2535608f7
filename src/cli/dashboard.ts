/** `certpacks dashboard`: a link that signs a browser in. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { call } from './client.ts';
import { asClient, type ClientOptions } from './client-command.ts';
import { printJson, printLine } from './print.ts';

/** Adds the command. */
export function addDashboard(certpacks: Command): void {
  asClient(
    certpacks
      .command('dashboard')
      .description('print a link to the dashboard that signs one browser in, within ten minutes'),
  ).action(printLink);
}

const Made = Compile(Type.Object({ code: Type.String(), expires_on: Type.String() }));

async function printLink(options: ClientOptions): Promise<void> {
  const { result } = await call(options, 'POST', '/user/sign_in_codes', {});
  if (!Made.Check(result)) throw new Fault('configuration', 'the API answers without a code');
  const url = `${new URL('/dashboard/', options.api).href}#/sign-in/${result.code}`;
  if (options.json) printJson({ url, expires_on: result.expires_on });
  else printLine(url);
}
