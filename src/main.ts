import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Node opens its debugger when it is told so by this signal: keys are in the memory that it shows.
process.on('SIGUSR1', () => undefined);
// Halves the time of a start; it has to come before the imports that it is for.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/certpacks', import.meta.url)));
const { program } = await import('./cli/cli.ts');
const { fail } = await import('./cli/process.ts');

// A diagnostic report would hold the environment, and with it perhaps the key-encryption key.
process.report.excludeEnv = true;

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);
await program(version).parseAsync().catch(fail);
