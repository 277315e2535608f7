/** `certpacks hostnames` as a person types it, against the API. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type HostnameScene, hostnameScene } from '../support/hostnames.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
let token = '';
before(async () => {
  scene = await hostnameScene(ends);
  ({ token } = await scene.owner(['saas.test']));
});
after(() => ends.disposeAsync());

/** Runs a command; what it printed. */
async function hostnames(...args: readonly string[]) {
  const env = { PATH: process.env['PATH'] ?? '', CERTPACKS_TOKEN: token };
  const place = ['--api', scene.url, ...(args.includes('--zone') ? [] : ['--zone', 'saas.test'])];
  const child = spawn(process.execPath, [MAIN, 'hostnames', ...args, ...place], { env, timeout: 90_000 });
  const [[status], out, err] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status: Number(status), out, err };
}

it('makes a hostname, tells what to show for it, looks again, lists, counts and deletes', async () => {
  const added = await hostnames('add', 'app.shop.test', '--wildcard');
  assert.equal(added.status, 0, added.err);
  assert.match(
    added.out,
    /app\.shop\.test +pending +initializing +_cf-custom-hostname\.app\.shop\.test +[0-9a-f-]{36}/,
  );
  scene.shown.cname.set('app.shop.test', 'saas.test');
  const checked = await hostnames('check', 'app.shop.test');
  assert.equal(checked.status, 0, checked.err);
  await scene.carry();
  assert.match(
    (await hostnames('list', '--status', 'active')).out,
    /app\.shop\.test +active +pending_validation +txt/,
  );
  assert.doesNotMatch((await hostnames('list', '--contain', 'other')).out, /app\.shop/);
  const got: { id: string; ssl: { wildcard: boolean } } = JSON.parse(
    (await hostnames('get', 'app.shop.test', '--json')).out,
  );
  assert.equal(got.ssl.wildcard, true);
  assert.match((await hostnames('quota')).out, /^1 +1000000000/m);
  const gone = await hostnames('delete', got.id, '--json');
  assert.deepEqual(JSON.parse(gone.out), { id: got.id });
  const refused = await hostnames('add', '*.shop.test');
  assert.notEqual(refused.status, 0);
  assert.match(refused.err, /wildcard/);
});
