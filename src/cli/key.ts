/** `certpacks key`: the key-encryption key, on the service's own machine. */
import type { Command } from 'commander';
import type { KeyAction } from './key-actions.ts';
import { addRegionKeys } from './key-region.ts';
import { later } from './later.ts';

/** Adds the commands. */
export function addKeys(certpacks: Command): void {
  const key = certpacks
    .command('key')
    .description('the key-encryption key that seals private keys; runs where the database can be reached');
  key
    .command('list')
    .description('the keys in use, and how much is sealed with each')
    .action(actionOf('list'));
  key
    .command('add')
    .description('make a new key beside the present one, to be copied to other machines before `rotate`')
    .action(actionOf('add'));
  key
    .command('rotate')
    .description('seal with the newest key, and wrap everything anew with it, while services run')
    .action(actionOf('rotate'));
  key
    .command('prune')
    .description('remove keys that nothing is sealed with any more')
    .action(actionOf('prune'));
  key
    .command('abandon')
    .description('after the key was lost: make a new one, give up what cannot be opened, order all that anew')
    .option('--yes', 'do it')
    .action(actionOf('abandon'));
  addRegionKeys(key);
}

const actionOf = (name: KeyAction) => later(async () => (await import('./key-actions.ts')).KEY_ACTIONS[name]);
