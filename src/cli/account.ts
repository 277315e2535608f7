/** `certpacks account`: the accounts of an installation, made and listed on the database's own machine. */
import type { Command } from 'commander';
import { createAccount } from '../operation/create-account.ts';
import { type AccountRecord, listAccounts } from '../store/accounts.ts';
import { asOperator } from './operator.ts';
import { show } from './table.ts';

interface Shown {
  readonly json?: boolean;
}

const FIELDS = ['id', 'name', 'created_on'];

/** Adds the commands. */
export function addAccounts(certpacks: Command): void {
  const account = certpacks
    .command('account')
    .description('accounts: each has zones, packs and tokens of its own, and sees no other');
  account
    .command('create')
    .description('make an account; `token create --first --account NAME` makes its first token')
    .argument('<name>')
    .option('--json', 'print one line of JSON')
    .action((name: string, options: Shown) =>
      asOperator(async (deps) => {
        const made = await createAccount(deps, name);
        show(toRow(made), FIELDS, options);
      }),
    );
  account
    .command('list')
    .description('all accounts, the oldest first')
    .option('--json', 'print one line of JSON')
    .action((options: Shown) =>
      asOperator(async ({ pool }) => show((await listAccounts(pool)).map(toRow), FIELDS, options)),
    );
}

const toRow = ({ id, name, createdOn }: AccountRecord) => ({ id, name, created_on: createdOn });
