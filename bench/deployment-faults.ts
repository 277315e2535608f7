import type { Command } from 'commander';
import { deployWithFaults } from '../test/support/edge-faults/deployments.ts';
import { requirePrograms } from './programs.ts';
import { type Common, print, toCount } from './result.ts';

/** How much is deployed, and for how long. */
interface FaultsNumbers {
  readonly deployments: number;
  readonly seconds: number;
  readonly parallel: number;
  readonly plants: number;
  readonly seed: number;
}

/** Adds the command that deploys packs to a HAProxy, an nginx and a bundled edge, each of which goes wrong in turn. */
export function addFaultsBench(bench: Command, say: (what: string) => void): void {
  bench
    .command('faults')
    .description('packs are deployed to real edges that go wrong: whether one is ever active and not shown')
    .option('--json', 'print the result as one line of JSON')
    .option('--deployments <n>', 'in all', toCount, 1_000)
    .option('--seconds <n>', 'after which no more is deployed', toCount, 600)
    .option('--parallel <n>', 'how many are under way at once', toCount, 10)
    .option('--plants <n>', 'certificates planted by hand then, at each edge in each manner', toCount, 5)
    .option('--seed <n>', 'of the random moments', toCount, 1)
    .action(async ({ parallel: atOnce, ...numbers }: FaultsNumbers & Common) => {
      requirePrograms('haproxy', 'nginx');
      const makes = ['haproxy', 'nginx', 'bundled'] as const;
      print(await deployWithFaults({ ...numbers, atOnce, makes }, say), numbers);
    });
}
