import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenFolder, isRoot } from '../../test/support/postgres/given-server.ts';
import { blockingFolder, chooseRunner, mayUse, ownUid } from './runner.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/sh
postgres:x:101:104::/var/lib/postgresql:/bin/sh
nobody:x:65534:65533::/:/bin/false
certpacks:x:700:701::/:/bin/false
`;

const without = (name: string) => PASSWD.replace(new RegExp(`^${name}:.*\n`, 'm'), '');

test('under root the database is its own user, then postgres, then nobody by name or number', {
  skip: !isRoot,
}, () => {
  assert.deepEqual(chooseRunner('/none', PASSWD), { uid: 700, gid: 701, isOther: true });
  assert.deepEqual(chooseRunner('/none', without('certpacks')), { uid: 101, gid: 104, isOther: true });
  assert.equal(chooseRunner('/none', 'root:x:0:0::/:\nnobody:x:65534:65533::/:\n').gid, 65533);
  assert.equal(chooseRunner('/none', 'overflow:x:65534:65530::/:\n').gid, 65530);
  const message = /no user certpacks, postgres or nobody.*useradd/;
  assert.throws(() => chooseRunner('/none', 'root:x:0:0::/:\ncertpacks:x:0:0::/:\n'), {
    fault: 'configuration',
    message,
  });
});

test('under root a database that is there keeps the user it belongs to', { skip: !isRoot }, (t) => {
  const { dir } = givenFolder(t);
  chownSync(dir, 54321, 54322);
  assert.deepEqual(chooseRunner(dir, PASSWD), { uid: 54321, gid: 54322, isOther: true });
});

test('an ordinary user runs the database itself, and none of somebody else', { skip: isRoot }, () => {
  assert.deepEqual(chooseRunner('/none', ''), { uid: ownUid(), gid: process.getgid?.(), isOther: false });
  assert.throws(() => chooseRunner('/etc', ''), { fault: 'configuration', message: /belongs to user 0/ });
});

test('the folder that stands in the way is the uppermost one', (t) => {
  const { dir } = givenFolder(t);
  mkdirSync(join(dir, 'a', 'b'), { recursive: true });
  const stranger = { uid: 54321, gid: 54321, isOther: true };
  chmodSync(dir, 0o711);
  chmodSync(join(dir, 'a'), 0o700);
  chmodSync(join(dir, 'a', 'b'), 0o700);
  assert.equal(blockingFolder(join(dir, 'a', 'b'), stranger), join(dir, 'a'));
  assert.equal(blockingFolder(dir, stranger), undefined);
});

test('rights are read for the owner, the group or the others, whichever is meant first', (t) => {
  const { dir } = givenFolder(t);
  chmodSync(dir, 0o715);
  const stats = statSync(dir);
  const rights = (uid: number, gid: number) =>
    [4, 1].map((right) => mayUse(stats, { uid, gid, isOther: true }, right));
  assert.deepEqual(rights(stats.uid, 9), [true, true]);
  assert.deepEqual(rights(54321, stats.gid), [false, true]);
  assert.deepEqual(rights(54321, 54321), [true, true]);
});
