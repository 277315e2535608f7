import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenFolder, isRoot } from '../../test/support/postgres/given-server.ts';
import { checkFolder, makeFolder, makeOnce, makePrivateFolder } from './folders.ts';
import { chooseRunner, ownUid } from './runner.ts';

const runner = chooseRunner('/none');

test('a data folder is made with its parents so that the database can pass, whatever the umask', (t) => {
  const { dir } = givenFolder(t);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const made = makeFolder(join(dir, 'a', 'b'));
  const modes = [made, join(dir, 'a')].map((path) => statSync(path).mode & 0o777);
  assert.deepEqual(modes, isRoot ? [0o711, 0o711] : [0o700, 0o700]);
  assert.doesNotThrow(() => checkFolder(made, runner));
});

test('a data folder that cannot be made, or that others can change, is refused', (t) => {
  const { dir } = givenFolder(t);
  writeFileSync(join(dir, 'file'), '');
  assert.throws(() => makeFolder(join(dir, 'file', 'a')), {
    fault: 'configuration',
    message: /cannot be made/,
  });
  chmodSync(dir, 0o777);
  assert.throws(() => checkFolder(dir, runner), { fault: 'configuration', message: /chmod o-w/ });
  if (isRoot) chownSync(dir, 54321, 54321);
  assert.throws(() => checkFolder(isRoot ? dir : '/etc', runner), {
    fault: 'configuration',
    message: /belongs to/,
  });
});

test("a private folder is the database's alone, also after its making was killed half way", (t) => {
  const path = join(givenFolder(t).dir, 'socket');
  mkdirSync(path, { mode: 0o700 });
  makePrivateFolder(path, runner);
  makePrivateFolder(path, runner);
  const { uid, mode } = statSync(path);
  assert.deepEqual([uid, mode & 0o777], [runner.uid, 0o700]);
});

test('a private folder that somebody else made, or a link to one, is refused', (t) => {
  const { dir } = givenFolder(t);
  const link = join(dir, 'link');
  symlinkSync(dir, link);
  assert.throws(() => makePrivateFolder(link, runner), { fault: 'configuration', message: /somebody else/ });
  if (!isRoot) return;
  const foreign = join(dir, 'foreign');
  mkdirSync(foreign, { mode: 0o700 });
  chownSync(foreign, 54321, 54321);
  assert.throws(() => makePrivateFolder(foreign, runner), { fault: 'configuration', message: /user 54321/ });
});

test('a folder that several make at once is one of theirs, whole', async (t) => {
  const final = join(givenFolder(t).dir, 'made');
  let makings = 0;
  const make = () =>
    makeOnce(final, async (attempt) => {
      makings += 1;
      for (const name of ['a', 'b']) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        writeFileSync(join(attempt, name), '');
      }
      return attempt;
    });
  await Promise.all([make(), make(), make()]);
  assert.deepEqual([makings, readdirSync(final), readdirSync(join(final, '..'))], [1, ['a', 'b'], ['made']]);
});

test('a making that fails leaves nothing', async (t) => {
  const { dir } = givenFolder(t);
  const make = makeOnce(join(dir, 'made'), async () => {
    throw new Error('no');
  });
  await assert.rejects(make, /no/);
  assert.deepEqual(readdirSync(dir), []);
  assert.equal(statSync(dir).uid, ownUid());
});
