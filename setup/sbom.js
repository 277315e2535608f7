/**
 * Before a package is packed, and after its shrinkwrap is made: `sbom.cdx.json`, what runs with it and under which licence, in
 * CycloneDX, as npm tells it. After: takes it away, with `--remove`.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const FILE = join(ROOT, 'sbom.cdx.json');

if (process.argv.includes('--remove')) rmSync(FILE, { force: true });
else writeFileSync(FILE, bill());

/** Told of a folder without what is there for development alone, and of the package's name: npm calls it by that. */
function bill() {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-sbom-'));
  try {
    const { devDependencies: _, ...own } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const cwd = join(dir, own.name);
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'package.json'), JSON.stringify(own));
    copyFileSync(join(ROOT, 'npm-shrinkwrap.json'), join(cwd, 'package-lock.json'));
    const { npm_execpath: npm } = process.env;
    const [command, ...first] = npm ? [process.execPath, npm] : ['npm'];
    const args = [...first, 'sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
    return execFileSync(command, args, { cwd, maxBuffer: 2 ** 26 });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
