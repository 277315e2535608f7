/**
 * `npm run bench -- NAME [--json]`: what this costs, measured. Ratios come from one run each, against what the same
 * machine can do at best. The front file: every benchmark with its options, and what it runs.
 */
import { Command } from 'commander';
import { fail } from '../src/cli/process.ts';
import { progressBar } from '../src/cli/progress-bar.ts';
import { migrate } from '../src/store/migrate.ts';
import { type CycleNumbers, cycleBench } from '../test/support/cycle.ts';
import { type FailoverNumbers, failoverBench } from '../test/support/failover.ts';
import { type SwitchNumbers, switchBench } from '../test/support/universal-switch.ts';
import { accountBench } from './account.ts';
import { alertsBench } from './alerts.ts';
import { addAlone } from './alone.ts';
import { type CrashNumbers, crashBench } from './crash.ts';
import { type BenchDatabase, benchDatabase, databaseBeside, scratchBeside } from './database.ts';
import { dnsBench } from './dns/dns.ts';
import { addEdgeBenches } from './edge-benches.ts';
import { exactCheck } from './exact.ts';
import { ensureFilled, fill, fillingOf } from './fill.ts';
import { addImportBench } from './import.ts';
import { type IssueOptions, issueBench } from './issue/issue.ts';
import { listBench, pagesBench } from './list/list.ts';
import { paintBench } from './paint.ts';
import { type Program, requirePrograms } from './programs.ts';
import { type Common, print, REPETITIONS, SECONDS, toCount } from './result.ts';
import { summaryBench } from './summary.ts';
import { transitionsBench } from './transitions.ts';
import { waitingBench } from './waiting.ts';

const say = (what: string): void => void process.stderr.write(`${what}\n`);
const bench = new Command('bench').description(
  'Measures certpacks. Each benchmark brings what it needs, and tells how long that takes.',
);

/** A benchmark on a database. */
interface Benchmark<N extends string> {
  readonly name: string;
  readonly about: string;
  /** Programs of the system that it runs. */
  readonly programs?: readonly Program[];
  /** Its numbers: what each is, and its default. */
  readonly numbers: Readonly<Record<N, readonly [says: string, usual?: number]>>;
  readonly run: (database: BenchDatabase, numbers: Record<N, number>, common: Common) => Promise<object>;
}

/** Adds the command of a benchmark. The result is the last line of its output. */
function add<N extends string>({ name, about, programs = [], numbers, run }: Benchmark<N>): Command {
  const command: Command = bench.command(name).description(about);
  for (const [flag, [says, usual]] of Object.entries<readonly [string, number?]>(numbers))
    command.option(`--${flag} <n>`, says, toCount, usual);
  return command
    .option('--json', 'print the result as one line of JSON')
    .option('--database <url>', 'PostgreSQL to use: an empty database, or one that a benchmark filled')
    .option('--data <dir>', 'else folder of an embedded one; unless told, of the benchmarks’ own')
    .action(async (options: Common & Record<N, number>) => {
      requirePrograms(...programs);
      await using database = await benchDatabase(options);
      say(`on ${database.description}`);
      print(await run(database, options, options), options);
    });
}

/** The same for a benchmark that wants packs: an empty database is filled first. */
function addOnPacks<N extends string>({ numbers, run, ...rest }: Benchmark<N>): Command {
  const packs = ['with which an empty database is filled', PACKS] as const;
  return add<N | 'packs'>({
    ...rest,
    numbers: { packs, ...numbers },
    run: async (database, told, common) => {
      await ensureFilled(database, fillingOf(told.packs), say);
      return run(database, told, common);
    },
  });
}

/** As many as the figures of docs/performance.md are of. */
const PACKS = 1_000_000;
/** What lists are compared with. */
const FEW_PACKS = 50_000;
const PARALLEL = 'how many are under way at once';

add({
  name: 'seed',
  about:
    'fill an empty database with packs, through the code that renders them; the others do it by themselves',
  numbers: {
    packs: ['packs in all', PACKS],
    zones: ['zones they are in; one for 50 packs unless told'],
    largest: ['packs of the largest zone; a quarter of all unless told'],
  },
  run: (database, told, { mixed = false }) =>
    fill(database, fillingOf(told.packs, { ...told, isMixed: mixed }), say),
}).option('--mixed', 'zones get their packs in turns, so that neighbours in a list lie apart in the table');

/** Numbers of what measures lists. */
const LISTING = {
  seconds: [SECONDS, 3],
  repetitions: [REPETITIONS, 5],
  connections: ['of the client', 32],
  readers: ['connections from which the API reads (option list_readers)', 4],
} as const;

addOnPacks({
  name: 'list',
  about: 'pages of a zone’s packs: in the cache, not in it, deep, filtered, and at another scale',
  programs: ['wrk'],
  numbers: LISTING,
  run: async (database, numbers) => {
    await using small = await databaseBeside(database, 'certpacks_bench_small');
    say(`and, to compare with, on ${small.description}`);
    await ensureFilled(small, fillingOf(FEW_PACKS), say);
    return await listBench({ ...numbers, url: database.url, pool: database.pool, small }, say);
  },
});

addOnPacks({
  name: 'pages',
  about: 'of the list’s loads pages in the cache and not alone: to measure servers of databases in turns',
  programs: ['wrk'],
  numbers: LISTING,
  run: ({ url, pool }, numbers) => pagesBench({ ...numbers, url, pool }, say),
});

addOnPacks({
  name: 'account',
  about: 'pages of an account’s packs, by each filter: milliseconds of one request',
  numbers: { requests: ['of each filter', 1_000], parallel: [PARALLEL, 1] },
  run: async ({ url }, { requests, parallel }) => ({
    filters: await accountBench({ databaseUrl: url, requests, atOnce: parallel }, say),
  }),
});

addOnPacks({
  name: 'summary',
  about:
    'the summary of an account: milliseconds of each statement and of the request, and whether it is exact',
  numbers: { requests: ['of each', 300] },
  run: ({ pool, url }, { requests }) => summaryBench({ pool, databaseUrl: url, requests }, say),
});

addOnPacks({
  name: 'paint',
  about:
    'the dashboard’s list of packs in a real browser: milliseconds from the end of the answer to the paint',
  programs: ['chromium'],
  numbers: { loads: ['of the whole page', 20] },
  run: ({ pool, url }, { loads }) => paintBench({ pool, databaseUrl: url, loads }, say),
});

add({
  name: 'waiting',
  about: 'many clients wait for packs at once: memory after a collection, and the list meanwhile',
  programs: ['wrk'],
  numbers: {
    packs: ['with which an empty database is filled', FEW_PACKS],
    waits: ['at once, 1,000 for an account at most', 1_000],
    seconds: [SECONDS, 3],
    repetitions: [REPETITIONS, 5],
  },
  run: async (database, numbers) => {
    await ensureFilled(database, fillingOf(numbers.packs), say);
    return await waitingBench({ ...numbers, url: database.url, pool: database.pool }, say);
  },
});

addOnPacks({
  name: 'transitions',
  about: 'changes of status, each a transaction: spread over zones, and in one zone',
  numbers: { seconds: [SECONDS, 5], repetitions: [REPETITIONS, 5], parallel: [PARALLEL, 32] },
  run: ({ pool }, { seconds, repetitions, parallel }) =>
    transitionsBench({ pool, seconds, repetitions, atOnce: parallel }, say),
});

add({
  name: 'exact',
  about:
    'compare random pages with brute force while six writers change what is on them, in a database of its own',
  numbers: {
    checks: ['pages that are compared', 50_000],
    packs: ['packs of each zone before it begins', 400],
  },
  run: async (database, numbers) => {
    await using scratch = await scratchBeside(database, 'certpacks_bench_exact');
    await migrate(scratch.pool);
    return await exactCheck(
      { pool: scratch.pool, ...numbers },
      say,
      progressBar({ all: numbers.checks, unit: 'pages' }),
    );
  },
});

add({
  name: 'alerts',
  about:
    'alerts to a receiver that refuses a third and hangs sometimes, while services are killed, in a database of its own',
  numbers: {
    events: ['that are told', 10_000],
    packs: ['to which they happen', 1_000],
    kills: ['of one of two services', 6],
    seconds: ['until all has to be delivered', 1_800],
  },
  run: (database, numbers) => alertsBench(database, numbers, say),
});

add({
  name: 'dns',
  about: 'answers a second of our DNS responder over UDP, against a bare socket that sends back what comes',
  numbers: {
    names: ['that are asked for', 1_000],
    seconds: [SECONDS, 3],
    repetitions: [REPETITIONS, 5],
    parallel: [PARALLEL, 64],
  },
  run: async (database, numbers) => {
    await using scratch = await scratchBeside(database, 'certpacks_bench_dns');
    await migrate(scratch.pool);
    return await dnsBench({ ...numbers, pool: scratch.pool, url: scratch.url }, say);
  },
});

bench
  .command('issue')
  .description('certificates from a Pebble: by our ACME client, by acme-client, and by the whole service')
  .option('--json', 'print the result as one line of JSON')
  .option('--repetitions <n>', REPETITIONS, toCount, 5)
  .option('--certificates <n>', 'of each measurement, after as many for warming up', toCount, 400)
  .option('--parallel <n>', PARALLEL, toCount, 10)
  .action(async (options: IssueOptions & Common) => {
    requirePrograms('pebble', 'pebble-challtestsrv', 'openssl');
    print(await issueBench(options, say), options);
  });

addAlone(bench, say);

bench
  .command('crash')
  .description(
    'kill -9 of the service, of one of two, of the database and of all at once, while orders are under way',
  )
  .option('--json', 'print the result as one line of JSON')
  .option('--kills <n>', 'in all, shared out among the four', toCount, 50)
  .option('--orders <n>', PARALLEL, toCount, 20)
  .option('--seed <n>', 'of the random moments', toCount, 1)
  .action(async (options: CrashNumbers & Common) => print(await crashBench(options, say), options));

bench
  .command('failover')
  .description(
    'a pack and its backup change places under handshakes: milliseconds until every edge shows the other',
  )
  .option('--json', 'print the result as one line of JSON')
  .option('--swaps <n>', 'how often', toCount, 40)
  .option('--edges <n>', 'on how many', toCount, 2)
  .option('--clients <n>', PARALLEL, toCount, 4)
  .action(async (options: FailoverNumbers & Common) => print(await failoverBench(options, say), options));

bench
  .command('universal')
  .description(
    'Universal goes off and on under handshakes: whether any shows what it should not, or nothing where it should',
  )
  .option('--json', 'print the result as one line of JSON')
  .option('--switches <n>', 'how often off and on; after each fifth the pack is renewed', toCount, 20)
  .option('--edges <n>', 'on how many', toCount, 2)
  .option('--clients <n>', PARALLEL, toCount, 4)
  .action(async (options: SwitchNumbers & Common) => print(await switchBench(options, say), options));

bench
  .command('cycle')
  .description(
    'zones, DNS records and packs are made, read, replaced and destroyed by Cloudflare’s client, as Terraform does',
  )
  .option('--json', 'print the result as one line of JSON')
  .option('--cycles <n>', 'how often', toCount, 100)
  .option('--parallel <n>', PARALLEL, toCount, 4)
  .action(async (options: CycleNumbers & Common) => print(await cycleBench(options, say), options));

addEdgeBenches(bench, say);
addImportBench(bench, say);

await bench.parseAsync().catch(fail);
