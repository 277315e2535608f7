import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenFolder, isRoot } from '../../test/support/postgres/given-server.ts';
import { blockingFolder } from './runner.ts';

const NOBODY = { uid: 65534, gid: 65534, isOther: true };
const FILES = ['postgres', 'binaries', 'folders', 'placement', 'runner'];
/** Slow, and the same for every user. */
const NOT_TWICE = '--test-skip-pattern=/same moment|any length/';
const isBlocked = [import.meta.dirname, process.execPath].some(
  (path) => blockingFolder(path, NOBODY) !== undefined,
);

test('all of this holds for an ordinary user too', { skip: !isRoot || isBlocked }, async (t) => {
  const { dir } = givenFolder(t);
  chownSync(dir, NOBODY.uid, NOBODY.gid);
  const files = FILES.map((name) => join(import.meta.dirname, `${name}.test.ts`));
  const child = spawn(process.execPath, ['--test', '--test-isolation=none', NOT_TWICE, ...files], {
    uid: NOBODY.uid,
    gid: NOBODY.gid,
    cwd: dir,
    env: { TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => (printed += piece.toString()));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, printed);
  assert.match(printed, /pass \d\d/);
});
