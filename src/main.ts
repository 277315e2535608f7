import { readFileSync } from 'node:fs';
import { program } from './cli/cli.ts';
import { fail } from './cli/process.ts';

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);
await program(version).parseAsync().catch(fail);
