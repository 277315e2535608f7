/**
 * Before a package is packed: `npm-shrinkwrap.json`, the versions and checksums of package-lock.json for all that runs, so
 * that who installs it gets what was tested. After: takes it away, with `--remove`, as npm would put it above the lock file.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const FILE = join(ROOT, 'npm-shrinkwrap.json');

if (process.argv.includes('--remove')) rmSync(FILE, { force: true });
else writeFileSync(FILE, `${JSON.stringify(shrinkwrap(), undefined, 2)}\n`);

/** The lock file without what is there for development alone. */
function shrinkwrap() {
  const { packages, ...lock } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const runs = Object.entries(packages).filter(([, { dev }]) => !dev);
  return { ...lock, packages: Object.fromEntries(runs.map(([path, entry]) => [path, withoutTools(entry)])) };
}

/** An entry without the packages for development that it names; the package's own is the one that does. */
function withoutTools(entry) {
  const kept = Object.entries(entry).filter(([member]) => member !== 'devDependencies');
  return Object.fromEntries(kept);
}
