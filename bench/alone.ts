import type { Command } from 'commander';
import { type KeylessNumbers, keylessBench } from './keyless.ts';
import { oddBench } from './odd.ts';
import { requirePrograms } from './programs.ts';
import { type Common, print, REPETITIONS, SECONDS, toCount } from './result.ts';
import { type ResumptionNumbers, resumptionBench } from './resumption.ts';

/** Adds benchmarks that want no database of their own. */
export function addAlone(bench: Command, say: (what: string) => void): void {
  bench
    .command('keyless')
    .description(
      'handshakes for keys in a token and behind a key server, against a key in a file: by processor time',
    )
    .option('--json', 'print the result as one line of JSON')
    .option('--repetitions <n>', REPETITIONS, toCount, 5)
    .option('--seconds <n>', SECONDS, toCount, 4)
    .option('--parallel <n>', 'how many are under way at once', toCount, 32)
    .action(async (options: KeylessNumbers & Common) => {
      requirePrograms('softhsm2-util', 'cc');
      print(await keylessBench(options, say), options);
    });

  bench
    .command('resumption')
    .description('handshakes with the bundled edge in whole and by sessions of before: by processor time')
    .option('--json', 'print the result as one line of JSON')
    .option('--repetitions <n>', REPETITIONS, toCount, 5)
    .option('--seconds <n>', SECONDS, toCount, 3)
    .option('--parallel <n>', 'how many are under way at once', toCount, 32)
    .action(async (options: ResumptionNumbers & Common) =>
      print(await resumptionBench(options, say), options),
    );

  bench
    .command('odd')
    .description(
      'the same pack at every CA that is odd: what is active, what is told, which certificates are burned',
    )
    .option('--json', 'print the result as one line of JSON')
    .action(async (options: Common) => print(await oddBench(say), options));
}
