/** `certpacks packs export`: all packs of a zone or of an account, a line of JSON each. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { type ApiPlace, call, callLines } from './client.ts';
import { asClient, type ClientOptions, packsOf, part } from './client-command.ts';
import { printJson, tellLine } from './print.ts';
import { progressBar } from './progress-bar.ts';
import { takesZoneNames } from './zone-name.ts';

interface ExportOptions extends ClientOptions {
  readonly zone?: string;
  readonly account?: string;
  readonly status: string;
}

/** Adds the command. */
export const addPackExport = (packs: Command): Command =>
  takesZoneNames(
    asClient(packs.command('export').description('all packs, a line of JSON each; a break is gone on from')),
  )
    .option('--zone <zone>', 'name or id of the zone')
    .option('--account <id>', 'in its place: of all zones of this account')
    .option('--status <status>', 'all, or one status', 'all')
    .action(exportPacks);

const Line = Type.Union([
  Type.Object({ cursor: Type.String(), pack: Type.Object({ id: Type.String() }) }),
  Type.Object({ end: Type.Literal(true) }),
]);
const shape = Compile(Line);

/** How often in a row a stream may break off before anything came of it, and how long is waited then, in milliseconds. */
const MOST_BREAKS = 5;
const PAUSE_MS = 1_000;

/** Prints every pack once; goes on behind the last one where the stream breaks off. */
async function exportPacks({ zone, account, status, ...options }: ExportOptions): Promise<void> {
  if ((zone === undefined) === (account === undefined))
    throw new Fault('configuration', 'either --zone or --account says which packs');
  const of = zone === undefined ? `/accounts/${part(account ?? '')}/ssl/certificate_packs` : packsOf(zone);
  const bar = progressBar({ all: await countOf(options, of, status), unit: 'packs', isForTerminals: true });
  const path = `${of}/export?status=${part(status)}`;
  const seen = { done: 0, cursor: '' };
  for (let breaks = 1; ; breaks += 1) {
    const before = seen.done;
    try {
      for await (const { pack, cursor } of packsBehind(options, path, seen.cursor)) {
        printJson(pack);
        bar((seen.done += 1));
        seen.cursor = cursor;
      }
      return;
    } catch (error) {
      if (seen.done > before) breaks = 1;
      if (breaks > MOST_BREAKS) throw error;
    }
    tellLine(`certpacks: the export broke off after ${seen.done} packs; it goes on`);
    await delay(PAUSE_MS * breaks);
  }
}

type PackLine = Exclude<Type.Static<typeof Line>, { end: true }>;

/** All packs behind a cursor. Throws where the stream does not come to its end. */
async function* packsBehind(place: ApiPlace, path: string, cursor: string): AsyncGenerator<PackLine> {
  for await (const text of callLines(place, cursor === '' ? path : `${path}&cursor=${part(cursor)}`)) {
    const line: unknown = JSON.parse(text);
    if (!shape.Check(line)) throw new Error('this is no line of an export');
    if ('end' in line) return;
    yield line;
  }
  throw new Error('the stream has no end');
}

/** How many there are now; 0 where that is not told. */
async function countOf(place: ApiPlace, of: string, status: string): Promise<number> {
  const { total } = await call(place, 'GET', `${of}?per_page=5&status=${part(status)}`);
  return total ?? 0;
}
