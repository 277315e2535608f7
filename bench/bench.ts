/**
 * `npm run bench -- NAME [--json]`: what this costs, measured. Ratios come from one run each, against what the same
 * machine can do at best. The front file: every benchmark with its options, and what it runs.
 */
import { Command, InvalidArgumentError } from 'commander';
import { fail } from '../src/cli/process.ts';
import { accountBench } from './account.ts';
import { type CrashNumbers, crashBench } from './crash.ts';
import { type BenchDatabase, benchDatabase, smallDatabase } from './database.ts';
import { exactCheck } from './exact.ts';
import { type IssueOptions, issueBench } from './issue/issue.ts';
import { listBench } from './list/list.ts';
import { progressBar } from './progress.ts';
import { seed } from './seed/seed.ts';
import { transitionsBench } from './transitions.ts';

/** What every benchmark can be told beside its numbers. */
interface Common {
  readonly database?: string;
  readonly data?: string;
  readonly json?: boolean;
  readonly mixed?: boolean;
}

const say = (what: string): void => void process.stderr.write(`${what}\n`);
const bench = new Command('bench').description(
  'Measures certpacks. Needs a database that `seed` filled, except seed and exact.',
);

/** A benchmark with its numbers, each with what it is and its default. The result is the last line of the output. */
function add<N extends string>(
  name: string,
  about: string,
  numbers: Readonly<Record<N, readonly [string, number]>>,
  run: (database: BenchDatabase, numbers: Record<N, number>, common: Common) => Promise<object>,
): Command {
  const command: Command = bench.command(name).description(about);
  for (const [flag, [says, usual]] of Object.entries<readonly [string, number]>(numbers))
    command.option(`--${flag} <n>`, says, toCount, usual);
  return command
    .option('--json', 'print the result as one line of JSON')
    .option('--database <url>', 'PostgreSQL to use; else that of the configuration, else an embedded one')
    .option('--data <dir>', 'folder of the embedded one')
    .action(async (options: Common & Record<N, number>) => {
      await using database = await benchDatabase(options);
      say(`on ${database.description}`);
      const result = await run(database, options, options);
      print(result, options);
    });
}

const PARALLEL = 'how many are under way at once';
const SECONDS = 'length of each measurement';
const REPETITIONS = 'of everything, in turns';

add(
  'seed',
  'fill an empty database with packs, through the code that renders them',
  {
    packs: ['packs in all', 1_000_000],
    zones: ['zones they are in', 20_000],
    largest: ['packs of the largest zone', 250_000],
  },
  ({ url }, shape, { mixed = false }) => seed({ url, ...shape, isMixed: mixed }, progressBar(shape.packs)),
).option('--mixed', 'zones get their packs in turns, so that neighbours in a list lie apart in the table');

add(
  'list',
  'pages of a zone’s packs: in the cache, not in it, deep, filtered, and at another scale',
  {
    seconds: [SECONDS, 3],
    repetitions: [REPETITIONS, 5],
    connections: ['of the client', 32],
    readers: ['connections from which the API reads (option list_readers)', 4],
  },
  async (database, numbers) => {
    await using small = await smallDatabase(database, say);
    return await listBench({ ...numbers, url: database.url, pool: database.pool, small }, say);
  },
);

add(
  'account',
  'pages of an account’s packs, by each filter: milliseconds of one request',
  { requests: ['of each filter', 1_000], parallel: [PARALLEL, 1] },
  async ({ url }, { requests, parallel }) => ({
    filters: await accountBench({ databaseUrl: url, requests, atOnce: parallel }),
  }),
);

add(
  'transitions',
  'changes of status, each a transaction: spread over zones, and in one zone',
  { seconds: [SECONDS, 5], repetitions: [REPETITIONS, 5], parallel: [PARALLEL, 32] },
  ({ pool }, { seconds, repetitions, parallel }) =>
    transitionsBench({ pool, seconds, repetitions, atOnce: parallel }),
);

add(
  'exact',
  'compare random pages with brute force while six writers change what is on them',
  { checks: ['pages that are compared', 50_000], packs: ['packs of each zone before it begins', 400] },
  ({ pool }, numbers) => exactCheck({ pool, ...numbers }, say),
);

bench
  .command('issue')
  .description('certificates from a Pebble: by our ACME client, by acme-client, and by the whole service')
  .option('--json', 'print the result as one line of JSON')
  .option('--repetitions <n>', REPETITIONS, toCount, 5)
  .option('--certificates <n>', 'of each measurement, after as many for warming up', toCount, 400)
  .option('--parallel <n>', PARALLEL, toCount, 10)
  .action(async (options: IssueOptions & Common) => print(await issueBench(options, say), options));

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

function print(result: object, { json = false }: Common): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${table(result)}\n`);
}

function toCount(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a number from 1 is wanted');
}

/** A result for people: a line for each figure. */
function table(result: object, indent = ''): string {
  return Object.entries(result)
    .map(([name, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null
        ? `${indent}${name}\n${table(value, `${indent}  `)}`
        : `${indent}${name.padEnd(24 - indent.length)} ${String(value)}`,
    )
    .join('\n');
}

await bench.parseAsync().catch(fail);
