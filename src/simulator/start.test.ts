import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { AcmeClient } from '../../test/support/simulator/acme-client.ts';
import { newCsr } from '../../test/support/simulator/new-csr.ts';
import { control, givenOptions } from '../../test/support/simulator/world.ts';
import type { SimulatorOptions } from './simulator.ts';
import { type StartedSimulator, startSimulator } from './start.ts';

async function started(t: TestContext, options: SimulatorOptions): Promise<StartedSimulator> {
  const simulator = await startSimulator(options);
  t.after(() => simulator.stop());
  return simulator;
}

const publisher = (simulator: StartedSimulator) => (name: string, values: readonly string[]) =>
  control(simulator.control, 'PUT /dns/records', { name, type: 'TXT', values });

async function hasEnded(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await pause(50);
  }
  return false;
}

it('the simulator keeps accounts, orders and certificates over kill -9, and goes on with what it was at', async (t) => {
  const options = givenOptions(t);
  const first = await started(t, options);
  const client = await AcmeClient.register(first.cas.google);
  t.after(() => client.close());
  const names = ['kept.example.com'];
  const order = await client.order(names);
  await client.prove(order.body, publisher(first));
  await client.certificate(order.body, names);
  // The next one is finalized and the process killed at once: it may be processing, it may be valid.
  const next = await client.order(names);
  await client.post(next.body.finalize ?? '', { csr: await newCsr(names) });
  process.kill(first.pid, 'SIGKILL');
  assert.ok(await hasEnded(first.pid));

  const second = await started(t, options);
  assert.deepEqual(second.cas, first.cas, 'URLs, roots and binding keys stay');
  assert.equal((await client.post(client.kid ?? '')).body.status, 'valid');
  const resumed = await client.settled(String(next.headers['location']));
  assert.equal(resumed.status, 'valid');
  assert.match((await client.post(resumed.certificate ?? '')).text, /BEGIN CERTIFICATE/);
  const { body } = await control(second.control, 'GET /ca/google');
  assert.equal(body.certificates?.length, 2);
  const answer = await client.order(names);
  assert.equal(answer.body.status, 'ready', 'the records of the customer and the authorization were kept');
});

it('the simulator ends with its parent when told so, and by SIGTERM', async (t) => {
  const options = givenOptions(t);
  const program = join(import.meta.dirname, 'process.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.stdin.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const again = await started(t, options);
  await again.stop();
  assert.ok(await hasEnded(again.pid));
});

it('the simulator refuses a port that is taken and a folder that is in use, in words', async (t) => {
  const options = givenOptions(t);
  const first = await started(t, options);
  const taken = { ...givenOptions(t), dnsPort: first.dnsPort };
  await assert.rejects(startSimulator(taken), {
    name: 'Fault',
    message: new RegExp(`port ${first.dnsPort}.* is taken`),
  });
  await assert.rejects(startSimulator(options), {
    name: 'Fault',
    message: new RegExp(`in use by .* ${first.pid}`),
  });
  assert.equal((await control(first.control, 'GET /state')).status, 200);
});

it('the simulator keeps its keys from other users', async (t) => {
  const options = givenOptions(t);
  await started(t, options);
  const files = readdirSync(options.dir, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  assert.ok(files.some(({ name }) => name === 'authority.json'));
  for (const { parentPath, name } of files) {
    assert.equal(statSync(join(parentPath, name)).mode & 0o077, 0, name);
  }
});
