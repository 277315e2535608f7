import assert from 'node:assert/strict';
import { closeSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenFolder } from '../../test/support/postgres/given-server.ts';
import { lastLines, openOutput } from './output.ts';

test('the file of what programs print is kept to two pieces, and private', (t) => {
  const path = join(givenFolder(t).dir, 'postgres.log');
  writeFileSync(path, Buffer.alloc(1_000_001, 'x'));
  const output = openOutput(path);
  closeSync(output.handle);
  assert.deepEqual([statSync(path).size, statSync(`${path}.1`).size], [0, 1_000_001]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('the last lines are those of this run alone', (t) => {
  const path = join(givenFolder(t).dir, 'postgres.log');
  writeFileSync(path, 'of the run before\n');
  const output = openOutput(path);
  assert.equal(lastLines(output), 'it printed nothing');
  writeSync(output.handle, Array.from({ length: 2_000 }, (_, n) => `line ${n}\n`).join(''));
  closeSync(output.handle);
  const words = [1994, 1995, 1996, 1997, 1998, 1999].map((n) => `line ${n}`).join(' | ');
  assert.equal(lastLines(output), words);
});
