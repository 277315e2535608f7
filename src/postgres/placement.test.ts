import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { givenFolder, isRoot } from '../../test/support/postgres/given-server.ts';
import { checkFolder } from './folders.ts';
import { dataPlace } from './placement.ts';
import { chooseRunner } from './runner.ts';

test('the folder that was asked for is taken, and made', (t) => {
  const wanted = join(givenFolder(t).dir, 'a', 'b');
  assert.equal(dataPlace({ root: '/', wanted, isTemporary: true }).dir, wanted);
  assert.ok(statSync(wanted).isDirectory());
});

test('a folder that nothing can be made in is told, not tried for ever', {
  skip: !existsSync('/proc/self'),
}, () => {
  assert.throws(() => dataPlace({ root: '/', wanted: '/proc/certpacks/x' }), { fault: 'configuration' });
});

test('a temporary folder is new each time and can be passed by the database', (t) => {
  const [one, two] = [givenFolder(t).dir, givenFolder(t).dir];
  assert.notEqual(one, two);
  assert.equal(statSync(one).mode & 0o777, isRoot ? 0o711 : 0o700);
  assert.doesNotThrow(() => checkFolder(one, chooseRunner(join(one, 'postgres'))));
});

test('an ordinary user keeps state in a checkout, else at home', { skip: isRoot }, (t) => {
  const { dir } = givenFolder(t);
  const dataHome = join(dir, 'home');
  const place = (name: string, mode = 0o755) => {
    const root = join(dir, name);
    mkdirSync(root, { recursive: true, mode });
    return dataPlace({ root, dataHome }).dir;
  };
  assert.equal(place('checkout'), join(dir, 'checkout', '.certpacks'));
  assert.equal(place('node_modules/certpacks'), join(dataHome, 'certpacks'));
  assert.equal(place('closed', 0o555), join(dataHome, 'certpacks'));
});

test('root keeps state per package where the database can reach it', { skip: !isRoot }, (t) => {
  const { dir } = givenFolder(t);
  const stateHome = join(dir, 'state');
  const place = (root: string) => dataPlace({ root, stateHome }).dir;
  assert.match(place('/root/certpacks'), new RegExp(`^${stateHome}/certpacks-[0-9a-f]{8}$`));
  assert.notEqual(place('/root/certpacks'), place('/srv/certpacks'));
  assert.equal(place('/root/certpacks'), place('/root/certpacks'));
});

test('root keeps state with the temporary files when its usual folder is closed or not to be trusted', {
  skip: !isRoot,
}, (t) => {
  const { dir } = givenFolder(t);
  for (const mode of [0o700, 0o777]) {
    const stateHome = join(dir, 'state');
    mkdirSync(stateHome, { recursive: true });
    chmodSync(stateHome, mode);
    const made = removed(t, dataPlace({ root: join(dir, 'package'), stateHome }).dir);
    assert.equal(dirname(made), realpathSync(dirname(dir)));
    assert.match(basename(made), /^certpacks-package-[0-9a-f]{8}$/);
  }
});

function removed(t: TestContext, dir: string): string {
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
