import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { givenFolder } from '../../test/support/postgres/given-server.ts';
import { layoutOf } from './layout.ts';
import { keepPassword, scramVerifier } from './password.ts';

test('a password is made once, at random, for the service alone', (t) => {
  const [one, two] = [layoutOf(givenFolder(t).dir, '/tmp'), layoutOf(givenFolder(t).dir, '/tmp')];
  const password = keepPassword(one);
  assert.equal(keepPassword(one), password);
  assert.notEqual(keepPassword(two), password);
  assert.equal(statSync(one.password).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(one.dir), ['database-password']);
});

test('a password that others can read, or that was changed by hand, is refused', (t) => {
  const layout = layoutOf(givenFolder(t).dir, '/tmp');
  keepPassword(layout);
  chmodSync(layout.password, 0o644);
  assert.throws(() => keepPassword(layout), { fault: 'configuration', message: /mode 600/ });
  chmodSync(layout.password, 0o600);
  writeFileSync(layout.password, 'secret\n');
  assert.throws(
    () => keepPassword(layout),
    (error: Error) => !error.message.includes('secret'),
  );
});

test('no new password is made for a database that has another', (t) => {
  const layout = layoutOf(givenFolder(t).dir, '/tmp');
  keepPassword(layout);
  mkdirSync(layout.cluster);
  rmSync(layout.password);
  assert.throws(() => keepPassword(layout), { fault: 'configuration', message: /put it back/ });
  assert.deepEqual(readdirSync(layout.dir), ['postgres']);
});

test('what the database keeps does not tell the password', () => {
  const verifier = scramVerifier('a-password');
  assert.match(verifier, /^SCRAM-SHA-256\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=$/);
  assert.notEqual(scramVerifier('a-password'), verifier);
});
