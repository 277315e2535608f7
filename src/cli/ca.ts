/** `certpacks ca`: the CAs of the configuration file, tried before an order depends on them. */
import type { Command } from 'commander';
import { CERTIFICATE_AUTHORITIES } from '../pack/pack.ts';
import { later } from './later.ts';

const NAMES = CERTIFICATE_AUTHORITIES.join(', ');

/** Adds the commands. */
export function addCas(certpacks: Command): void {
  const ca = certpacks.command('ca').description('the CAs of the configuration file');
  ca.command('list')
    .description('the CAs that are configured')
    .action(later(async () => (await import('./ca-actions.ts')).list));
  ca.command('test')
    .description(
      'try a CA: its directory, its TLS, and whether it knows our account, which is made where there is none',
    )
    .argument('[name]', `one of ${NAMES}; all that are configured unless given`)
    .action(later(async () => (await import('./ca-actions.ts')).test));
  ca.command('add')
    .description('try a CA, and write it into the configuration file if it works')
    .argument('<name>', `one of ${NAMES}`)
    .option('--directory-url <url>', 'its ACME directory, unless the usual one')
    .option('--contact <address>', 'mail address for the account')
    .option('--eab-kid <id>', 'key id of the external account binding')
    .option('--eab-hmac-key-file <file>', 'file with the MAC key of the external account binding')
    .option('--tls-roots-file <file>', 'root certificates in PEM for the directory of a private CA')
    .option('--agree', 'you have read its terms of service and agree to them')
    .action(later(async () => (await import('./ca-actions.ts')).add));
  ca.command('forget')
    .description(
      'forget our accounts at a CA that no longer knows them; the next order, or `ca test`, makes others',
    )
    .argument('<name>', `one of ${NAMES}`)
    .option(
      '--anyway',
      'also those that the CA still knows: what they issued can then be revoked at the CA alone',
    )
    .option('--account <id>', 'with accounts_per_tenant: only that of this account here')
    .action(later(async () => (await import('./ca-actions.ts')).forget));
}
