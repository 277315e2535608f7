/** `certpacks key region` and its like: key pairs of regions. */
import type { Command } from 'commander';
import { later } from './later.ts';

/** Adds the commands. */
export function addRegionKeys(key: Command): void {
  key
    .command('region')
    .description(
      'make the key pair of a region: its private key in a file, its table for the configuration on the terminal',
    )
    .argument('<name>')
    .requiredOption('--file <file>', 'new file for the private key; only machines of the region may have it')
    .option('--region <codes>', 'AFR, APAC, EEUR, ENAM, EU, ME, OC, SAM, WEUR, WNAM: all in which it lies')
    .option('--country <code>', 'two letters, where all of it is in one country')
    .option('--highest-security', 'all of it is of the highest security')
    .action(later(async () => (await import('./key-region-actions.ts')).REGION_KEY_ACTIONS.make));
  key
    .command('regions')
    .description('the regions of the configuration, and how many keys are sealed to each')
    .action(later(async () => (await import('./key-region-actions.ts')).REGION_KEY_ACTIONS.list));
  key
    .command('reseal')
    .description(
      'in a region: seal what opens here to the present public keys of all regions that may have it, after one was changed or added',
    )
    .action(later(async () => (await import('./key-region-actions.ts')).REGION_KEY_ACTIONS.reseal));
}
