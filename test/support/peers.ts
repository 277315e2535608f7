import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { install } from './apt.ts';

/**
 * Options for a test that needs a program of the system. With `CI=true` a missing one is installed with apt,
 * and its lack is a failure; elsewhere the test is left out and says why.
 */
export function needs(program: string, aptPackage: string = program): { readonly skip: string | false } {
  if (isThere(program)) return { skip: false };
  if (process.env['CI'] !== 'true') return { skip: `${program} is not on this machine` };
  install(aptPackage);
  return { skip: false };
}

const isThere = (program: string): boolean =>
  isAbsolute(program)
    ? existsSync(program)
    : spawnSync(program, ['version'], { stdio: 'ignore' }).error === undefined;
