/**
 * `npm test`: every test, or those of the files that are named. Those that start whole worlds first: they take longest, and wait
 * most, so that others can run beside them.
 */
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runTestFiles } from './support/run-files.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const ORDER = [
  'test/e2e/**/*.test.ts',
  'test/*.test.ts',
  'test/{contract,support}/**/*.test.ts',
  'src/**/*.test.ts',
];

const named = process.argv.slice(2);
const chosen = named.length > 0 ? named : ORDER.flatMap(filesOf);
if (!(await runTestFiles(chosen, 'spec'))) process.exitCode = 1;

function filesOf(pattern: string): readonly string[] {
  const files = globSync(pattern, { cwd: ROOT }).toSorted();
  if (files.length === 0) throw new Error(`no file of tests is at ${pattern}`);
  return files;
}
