/** `certpacks backup` and `certpacks restore`: the whole database in one file. */
import type { Command } from 'commander';
import { later } from './later.ts';

/** Adds the commands. */
export function addBackup(certpacks: Command): void {
  certpacks
    .command('backup')
    .description(
      'write the whole database to a file, while services run; the key-encryption key is not in it',
    )
    .argument('<file>', 'file to write, or - for the standard output')
    .action(later(async () => (await import('./backup-actions.ts')).backup));
  certpacks
    .command('restore')
    .description(
      'fill an empty database from a file that `backup` wrote under the key-encryption key that is here',
    )
    .argument('<file>', 'file to read, or - for the standard input')
    .option(
      '--unauthenticated',
      'take it without proof of who wrote it: of an earlier version, or without its key',
    )
    .action(later(async () => (await import('./backup-actions.ts')).restore));
}
