import type { Command } from 'commander';
import { type MoveInNumbers, moveIn } from '../test/support/move-in.ts';
import { type Common, print, toCount } from './result.ts';

/** Adds the benchmark of names that move in. */
export const addImportBench = (bench: Command, say: (what: string) => void): Command =>
  bench
    .command('import')
    .description(
      'names move in from PEM files and a CSV, with kill -9 of the command and the service; some are replaced under handshakes',
    )
    .option('--json', 'print the result as one line of JSON')
    .option('--hosts <n>', 'half with a certificate each, half names alone', toCount, 10_000)
    .option('--kills <n>', 'of the command and of the service, in turns', toCount, 20)
    .option('--moves <n>', 'imported certificates that are replaced under handshakes', toCount, 40)
    .option('--orders <n>', 'orders an hour (option move_in_orders)', toCount, 3_600)
    .option('--seed <n>', 'of the random moments', toCount, 1)
    .action(async (options: MoveInNumbers & Common) => print(await moveIn(options, say), options));
