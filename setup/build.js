/**
 * `npm run build`: what the published package runs, in `dist/`. Node refuses TypeScript inside `node_modules`, so it is
 * compiled; what a program reaches from its entry files is in it, and so no test is.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(ROOT, 'dist');

rmSync(DIST, { recursive: true, force: true });
execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
cpSync(join(ROOT, 'src', 'store', 'migrations'), join(DIST, 'store', 'migrations'), { recursive: true });
for (const file of ['main.js', 'simulator/process.js', 'store/migrations/0001_packs.sql'])
  if (!existsSync(join(DIST, file))) throw new Error(`dist/${file} is missing`);
