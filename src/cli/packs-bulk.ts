/** `certpacks packs bulk`: one operation on many packs, by the API. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { BULK_ACTIONS } from '../pack/bulk.ts';
import { type ApiPlace, call } from './client.ts';
import { asClient, part } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { printJson, printLine, tellLine } from './print.ts';
import { progressBar } from './progress-bar.ts';

interface BulkOptions extends ApiPlace {
  readonly json?: boolean;
  readonly account?: string;
  readonly filter: readonly string[];
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly expect?: string;
  readonly tolerance?: string;
}

const LOOK_EVERY_MS = 500;

/** Adds the command. */
export function addPacksBulk(packs: Command): void {
  asClient(
    packs
      .command('bulk')
      .description(
        'one operation on many packs of an account: count with --dry-run, then begin with --expect',
      )
      .argument('<action>', BULK_ACTIONS.join(', ')),
  )
    .option('--account <id>', 'id of the account; the token’s own unless given')
    .option('--filter <name=value>', 'as the list of an account has them, e.g. status=expired', collect, [])
    .option('--dry-run', 'count the packs, name the first, and change none')
    .option('--expect <n>', 'how many packs the dry run told')
    .option('--tolerance <n>', 'how many more or less there may be')
    .option('--reason <name>', 'of a revocation')
    .action(bulk);
}

const collect = (one: string, all: readonly string[]): string[] => [...all, one];

async function bulk(action: string, options: BulkOptions): Promise<void> {
  const account = options.account ?? (await ownAccount(options));
  const path = `/accounts/${part(account)}/ssl/certificate_packs/bulk`;
  const body = {
    action,
    filter: filterOf(options.filter),
    ...(options.reason && { reason: options.reason }),
  };
  if (options.dryRun)
    return tellDry(options, (await call(options, 'POST', path, { ...body, dry_run: true })).result);
  if (options.expect === undefined)
    throw new Fault(
      'configuration',
      '--expect is how many packs --dry-run told; without it nothing is begun',
    );
  const counts = {
    expected_count: toCount('--expect', options.expect),
    ...(options.tolerance !== undefined && { tolerance: toCount('--tolerance', options.tolerance) }),
  };
  const begun = read(options, (await call(options, 'POST', path, { ...body, ...counts })).result);
  await follow(options, `${path}/${part(begun.id)}`, begun);
}

function filterOf(given: readonly string[]): Record<string, string> {
  const pairs = given.map((one) => /^([^=]+)=(.+)$/s.exec(one)?.slice(1) ?? [one]);
  const bad = pairs.find(([, value]) => value === undefined);
  if (bad) throw new Fault('configuration', `--filter is name=value, not ${JSON.stringify(bad[0])}`);
  if (pairs.length === 0) throw new Fault('configuration', '--filter is wanted: status=all means every pack');
  return Object.fromEntries(pairs);
}

function toCount(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Fault('configuration', `${option} is a number`);
}

const Dry = Compile(
  Type.Object({
    count: Type.Integer(),
    packs: Type.Array(Type.Object({ zone_id: Type.String(), id: Type.String() })),
  }),
);

function tellDry({ api, json }: BulkOptions, result: unknown): void {
  if (!Dry.Check(result)) throw notOurs(api);
  if (json) return printJson(result);
  printLine(`${result.count} packs match; --expect ${result.count} begins`);
  for (const { zone_id: zone, id } of result.packs) printLine(`${id}  zone ${zone}`);
}

const Job = Type.Object({
  id: Type.String(),
  status: Type.String(),
  matched: Type.Integer(),
  done: Type.Integer(),
  failed: Type.Integer(),
  failures: Type.Optional(Type.Array(Type.Object({ id: Type.String(), message: Type.String() }))),
  stopped_because: Type.Optional(Type.String()),
});
type Job = Type.Static<typeof Job>;
const shape = Compile(Job);

function read({ api }: ApiPlace, result: unknown): Job {
  if (shape.Check(result)) return result;
  throw notOurs(api);
}

const notOurs = (api: string): Fault =>
  new Fault('configuration', `${api} has no bulk jobs: these are of certpacks alone`);

/** Looks until the job ends; whoever breaks off here does not end it. */
async function follow(options: BulkOptions, path: string, begun: Job): Promise<void> {
  let job = begun;
  const bar = progressBar({ all: job.matched, unit: 'packs', isForTerminals: true });
  while (job.status === 'running' || job.status === 'cancelling') {
    await delay(LOOK_EVERY_MS);
    job = read(options, (await call(options, 'GET', path)).result);
    bar(job.done + job.failed);
  }
  if (options.json) printJson(job);
  else printLine(`${job.status}: ${job.done} done, ${job.failed} refused, of ${job.matched}`);
  for (const { id, message } of job.failures ?? []) tellLine(`${id}  ${message}`);
  if (job.stopped_because !== undefined) throw new Fault('missing_permission', job.stopped_because);
}
