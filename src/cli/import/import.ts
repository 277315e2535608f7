/** `certpacks import`: certificates and names from elsewhere, by the API. What is sent twice is known there. */
import type { Command } from 'commander';
import { CERTIFICATE_AUTHORITIES } from '../../pack/pack.ts';
import { asClient } from '../client-command.ts';
import { ownAccount } from '../own-account.ts';
import { printJson, printLine, tellLine } from '../print.ts';
import { progressBar } from '../progress-bar.ts';
import { show } from '../table.ts';
import type { PassedOver, Piece } from './found.ts';
import { type Placed, Zonage } from './placing.ts';
import { readerFor, SOURCE_HELP } from './readers.ts';
import { type Outcome, sendAll } from './sending.ts';

interface ImportOptions {
  readonly api: string;
  readonly json?: boolean;
  readonly from?: string;
  readonly account?: string;
  readonly ca?: string;
  readonly dryRun?: boolean;
  readonly createZones?: boolean;
}

const HELP = `
Sources
${SOURCE_HELP}

Each certificate with its key serves at once, and a managed pack takes its place before it ends; names without one are ordered by the
same pace (docs/move-in.md). What is imported already is left alone: a run that broke off is run again.`;

/** Adds the command. */
export function addImport(certpacks: Command): void {
  asClient(
    certpacks
      .command('import')
      .description('bring certificates, keys and names from elsewhere')
      .argument('<source>', 'a folder, a file, or the URL of an API'),
  )
    .option('--from <kind>', 'what the source is; what it looks like unless given')
    .option('--account <id>', 'id of the account; the token’s own unless given')
    .option('--ca <name>', `CA of the managed packs: ${CERTIFICATE_AUTHORITIES.join(', ')}`)
    .option('--create-zones', 'make the zones that are missing, of type partial')
    .option('--dry-run', 'print what would happen, and change nothing')
    .addHelpText('after', HELP)
    .action(bring);
}

/** One line of the table. */
interface Row {
  readonly host: string;
  readonly zone: string;
  readonly found: string;
  readonly expires: string;
  readonly action: string;
  readonly planned: string;
  readonly why: string;
}

async function bring(source: string, options: ImportOptions): Promise<void> {
  const { dryRun: isDry = false, json = false } = options;
  const read = await readerFor(source, options.from);
  const accountId = options.account ?? (await ownAccount(options));
  const newZones = options.createZones ? { accountId, isDry } : undefined;
  const zonage = await Zonage.of({ api: options.api, newZones });
  const rows: Row[] = [];
  const placed = await collect(read(source, new Date()), zonage, rows);
  const stop = stopped();
  const bar = progressBar({ all: placed.length, unit: 'imports', isForTerminals: true });
  let done = 0;
  const [known, unmade] = parted(placed);
  for (const one of unmade) rows.push(rowOf(one, { action: 'new zone' }));
  await sendAll(
    {
      api: options.api,
      accountId,
      isDry,
      certificateAuthority: options.ca,
      signal: stop,
      onDone: (one, outcome) => {
        rows.push(rowOf(one, outcome));
        done += 1;
        bar(done + unmade.length);
      },
    },
    known,
  );
  tell(rows, { isDry, json, left: known.length - done });
  if (stop.aborted) process.exitCode = OF_SIGINT;
}

/** As a shell tells of a program that SIGINT ended. */
const OF_SIGINT = 130;

/** Aborted by the first Ctrl-C: what is under way comes to its end. The second one ends the process, which loses nothing either. */
function stopped(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    tellLine('certpacks: it ends after what is under way; run it again to go on');
    controller.abort();
  });
  return controller.signal;
}

/** Those whose zone is there, and, of a dry run, those whose zone would be made. */
const parted = (placed: readonly Placed[]): readonly [Placed[], Placed[]] => [
  placed.filter(({ zone }) => zone.id !== ''),
  placed.filter(({ zone }) => zone.id === ''),
];

async function collect(pieces: AsyncIterable<Piece>, zonage: Zonage, rows: Row[]): Promise<Placed[]> {
  const placed: Placed[] = [];
  for await (const piece of pieces) {
    for (const one of await zonage.place(piece)) {
      if (isPlaced(one)) placed.push(one);
      else rows.push(rowOfPassed(one));
    }
  }
  return placed;
}

const isPlaced = (one: Placed | PassedOver): one is Placed => 'zone' in one;

const rowOf = ({ found, zone, hosts }: Placed, outcome: Outcome): Row => ({
  host: hostsIn(outcome.hosts ?? hosts),
  zone: zone.name,
  found: found.where,
  expires: (outcome.expires_on ?? found.pair?.endsOn.toISOString() ?? '').slice(0, 10),
  action: outcome.action,
  planned: (outcome.planned_for ?? '').slice(0, 10),
  why: outcome.message ?? '',
});

const rowOfPassed = ({ where, hosts = [], endsOn, why }: PassedOver): Row => ({
  host: hostsIn(hosts),
  zone: '',
  found: where,
  expires: endsOn?.toISOString().slice(0, 10) ?? '',
  action: 'left out',
  planned: '',
  why,
});

const hostsIn = ([first = '', ...more]: readonly string[]): string =>
  more.length > 0 ? `${first} +${more.length}` : first;

interface Telling {
  readonly isDry: boolean;
  readonly json: boolean;
  /** How many were not sent. */
  readonly left: number;
}

/** All of a dry run; else what was not done, and how much was. */
function tell(rows: readonly Row[], { isDry, json, left }: Telling): void {
  const counts: Record<string, number> = {};
  for (const { action } of rows) counts[action] = (counts[action] ?? 0) + 1;
  if (left > 0) counts['not sent'] = left;
  if (json) return printJson({ is_dry_run: isDry, counts, rows });
  const shown = isDry ? rows : rows.filter(({ why }) => why !== '');
  if (shown.length > 0) show(shown, ['host', 'zone', 'found', 'expires', 'action', 'planned', 'why'], {});
  const parts = Object.entries(counts).map(([action, n]) => `${n} ${action}`);
  printLine(`${isDry ? 'would be: ' : ''}${parts.join(', ') || 'nothing was found'}`);
}
