import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { takeIdentity } from './worker-identity.ts';

const MODULE = JSON.stringify(fileURLToPath(new URL('./worker-identity.ts', import.meta.url)));
const TAKE = `const { takeIdentity } = await import(${MODULE}); process.stdout.write(takeIdentity(process.argv[1]))`;

function givenFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'slots-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Another process takes a slot and ends. */
const takeElsewhere = (dir: string): string =>
  spawnSync(process.execPath, ['--input-type=module', '-e', TAKE, dir], { encoding: 'utf8' }).stdout;

test('a process has the name of one that ended, and another name than one that lives', (t) => {
  const dir = givenFolder(t);
  const ended = takeElsewhere(dir);
  assert.match(ended, /^[0-9a-f]{16}$/);
  const own = takeIdentity(dir);
  assert.equal(own, ended);
  assert.notEqual(takeElsewhere(dir), own);
});

test('a slot whose process number belongs to another program by now is free', (t) => {
  const dir = givenFolder(t);
  const worker = takeElsewhere(dir);
  const path = join(dir, 'workers', '0');
  const slot: object = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...slot, pid: 1 }));
  assert.equal(takeIdentity(dir), worker);
});

test('a file that is no slot is nobody’s', (t) => {
  const dir = givenFolder(t);
  takeElsewhere(dir);
  writeFileSync(join(dir, 'workers', '0'), '{"worker": "../../etc", "pid": 1, "began": "1"}');
  assert.match(takeIdentity(dir), /^[0-9a-f]{16}$/);
});

test('processes that start at the same moment have a name each', async (t) => {
  const dir = givenFolder(t);
  const code = `${TAKE}; process.stdin.resume()`;
  const all = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', code, dir], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  t.after(() => all.forEach((child) => child.kill('SIGKILL')));
  const names = await Promise.all(
    all.map(async ({ stdout }) => {
      const [chunk] = await once(stdout, 'data', { signal: AbortSignal.timeout(20_000) });
      return String(chunk);
    }),
  );
  assert.equal(new Set(names).size, 6);
});
