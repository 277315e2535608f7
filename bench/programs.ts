import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { environ } from '../src/kit/config.ts';
import { Fault } from '../src/kit/fault.ts';

/** Programs of the system that benchmarks run, each with Debian's package of it. */
const PACKAGES = {
  wrk: 'wrk',
  pebble: 'pebble',
  'pebble-challtestsrv': 'pebble',
  openssl: 'openssl',
  chromium: 'chromium',
  haproxy: 'haproxy',
  nginx: 'nginx-light',
  'softhsm2-util': 'softhsm2',
  cc: 'gcc libssl-dev',
} as const;

/** One of them. */
export type Program = keyof typeof PACKAGES;

/** Throws `configuration`, with the command that installs them, when a program is not on this machine. */
export function requirePrograms(...programs: readonly Program[]): void {
  const folders = (environ()['PATH'] ?? '').split(delimiter);
  const missing = programs.filter((program) => !folders.some((dir) => isProgram(join(dir, program))));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => PACKAGES[program]))].join(' ');
  const verb = missing.length === 1 ? 'is' : 'are';
  throw new Fault(
    'configuration',
    `this benchmark runs ${missing.join(', ')}, which ${verb} not on this machine: apt-get install ${packages}`,
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
