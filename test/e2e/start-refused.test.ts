/** What a process of `certpacks serve` does not do, whoever asks it to. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startServe } from '../support/serve.ts';
import { givenScene, LIMIT, MAIN } from '../support/serve-scene.ts';

test('SIGUSR1 opens no debugger', LIMIT, async (t) => {
  const scene = await givenScene(t, 'debugger');
  const serving = await startServe(t, scene.options);
  serving.child.kill('SIGUSR1');
  await delay(1_500);
  assert.doesNotMatch(serving.written(), /Debugger listening/);
  const socket = connect(9229, '127.0.0.1');
  const [what] = await Promise.race([
    once(socket, 'error').then(() => ['refused']),
    once(socket, 'connect').then(() => ['open']),
  ]);
  socket.destroy();
  assert.equal(what, 'refused');
  assert.equal((await fetch(`${new URL(serving.api).origin}/healthz`)).status, 200, 'it goes on');
});

for (const [what, host] of [
  ['any address', '0.0.0.0'],
  ['any address of IPv6', '::'],
  ['an address of a network', '192.0.2.1'],
] as const) {
  test(`serve does not start on ${what} without TLS unless it is told to`, { timeout: 60_000 }, async (t) => {
    const run = (...more: string[]) => {
      const child = spawn(process.execPath, [MAIN, 'serve', ...more], {
        env: { ...process.env, CERTPACKS_HOST: host, CERTPACKS_DATABASE_URL: 'postgres://127.0.0.1:9/none' },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      t.after(() => child.kill('SIGKILL'));
      return child;
    };
    const said = async (child: ReturnType<typeof run>) => {
      let text = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      const [code] = await once(child, 'exit');
      assert.equal(code, 1);
      return text;
    };
    assert.match(await said(run()), /without TLS.*tls_cert_file.*--insecure-http/);
    // It comes as far as the database, which is not there.
    assert.match(await said(run('--insecure-http')), /the database/);
  });
}
