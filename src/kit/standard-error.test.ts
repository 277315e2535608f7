import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, createReadStream, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { StandardError } from './standard-error.ts';

function givenFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'stderr-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

const line = (i: number): string => `${JSON.stringify({ i, filling: 'x'.repeat(1_000) })}\n`;

test('a pipe that nobody reads takes a bounded number of lines, at once, and the end does not wait for it', {
  timeout: 20_000,
}, async (t) => {
  const pipe = join(givenFolder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const fd = openSync(pipe, constants.O_RDWR);
  t.after(() => closeSync(fd));
  const out = new StandardError(fd);
  const began = performance.now();
  for (let i = 0; i < 5_000; i++) out.write(line(i));
  assert(performance.now() - began < 2_000);
  assert(out.dropped > 3_000 && out.dropped < 5_000, String(out.dropped));
  const ending = performance.now();
  await out.end();
  assert(performance.now() - ending < 1_000);
});

test('a pipe that is read again gets what waited, whole and in order, and how many lines are missing', {
  timeout: 20_000,
}, async (t) => {
  const pipe = join(givenFolder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const fd = openSync(pipe, constants.O_RDWR);
  const out = new StandardError(fd);
  for (let i = 0; i < 3_000; i++) out.write(line(i));
  const { dropped } = out;
  const seen: string[] = [];
  const reader = createReadStream(pipe, 'utf8').on('data', (chunk) => seen.push(String(chunk)));
  t.after(() => reader.destroy());
  while (!seen.join('').includes('were dropped')) await delay(20);
  out.write(line(9_999));
  await delay(200);
  await out.end();
  closeSync(fd);
  const lines: { i?: number; lines?: number }[] = seen
    .join('')
    .trim()
    .split('\n')
    .map((one) => JSON.parse(one));
  const kept = 3_000 - dropped;
  assert.deepEqual(
    lines.slice(0, kept).map(({ i }) => i),
    Array.from({ length: kept }, (_, i) => i),
  );
  assert.equal(lines[kept]?.lines, dropped);
  assert.equal(lines.at(-1)?.i, 9_999);
});

test('a file gets every line', async (t) => {
  const file = join(givenFolder(t), 'log');
  const fd = openSync(file, 'w');
  const out = new StandardError(fd);
  for (let i = 0; i < 3_000; i++) out.write(line(i));
  await out.end();
  assert.equal(out.dropped, 0);
  assert.equal(readFileSync(file, 'utf8').split('\n').length, 3_001);
});
