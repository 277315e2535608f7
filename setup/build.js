/**
 * `npm run build`: what the published package runs, in `dist/`. Node refuses TypeScript inside `node_modules`, so it is
 * compiled; what a program reaches from its entry files is in it, and so no test is. The dashboard is bundled beside it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.js';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(ROOT, 'dist');

rmSync(DIST, { recursive: true, force: true });
execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
cpSync(join(ROOT, 'src', 'store', 'migrations'), join(DIST, 'store', 'migrations'), { recursive: true });
cpSync(join(ROOT, 'src', 'keyless', 'native'), join(DIST, 'keyless', 'native'), { recursive: true });
mkdirSync(join(DIST, 'dashboard'));
for (const [name, bytes] of await bundle()) writeFileSync(join(DIST, 'dashboard', name), bytes);
for (const file of [
  'main.js',
  'dashboard/index.html',
  'simulator/process.js',
  'store/migrations/0001_packs.sql',
  'keyless/native/terminator.c',
])
  if (!existsSync(join(DIST, file))) throw new Error(`dist/${file} is missing`);
