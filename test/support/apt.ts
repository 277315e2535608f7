import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Longest that another who installs is waited for, in seconds. */
const PATIENCE_S = 300;

/** Installs packages of Debian. Test files run side by side, and apt lets only one in: the others wait their turn. */
export function install(...packages: readonly string[]): void {
  const lock = join(tmpdir(), 'certpacks-apt.lock');
  const apt = (...args: string[]) =>
    execFileSync(
      'flock',
      ['--timeout', `${PATIENCE_S}`, lock, 'apt-get', '-o', `DPkg::Lock::Timeout=${PATIENCE_S}`, ...args],
      { stdio: 'ignore' },
    );
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...packages);
}
