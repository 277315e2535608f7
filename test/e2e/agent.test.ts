/** A pack from its order to a HAProxy on another machine: by the service, an agent and its proofs alone; and with the service away. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { showLeaf } from '../../src/edge/handshake.ts';
import { ALGORITHMS, type Algorithm } from '../../src/pack/pack.ts';
import { newClient } from '../support/client.ts';
import { MAIN } from '../support/commands.ts';
import { GivenHaproxy, haproxyNeeds } from '../support/edge/given-haproxy.ts';
import { startGround } from '../support/ground.ts';
import { freePort } from '../support/ports.ts';
import { RESPONDERS, startServe, writeConfiguration } from '../support/serve.ts';
import { until } from '../support/world.ts';

/** A service that listens for agents, and has no edges but those that enrol. */
async function givenService(t: TestContext) {
  const { dir, databaseUrl, simulator, accountId, token } = await startGround(t, 'agent');
  const agents = `127.0.0.1:${await freePort()}`;
  const options = {
    CERTPACKS_CONFIG: writeConfiguration(dir, simulator, []),
    CERTPACKS_DATABASE_URL: databaseUrl,
    CERTPACKS_DATA_DIR: dir,
    CERTPACKS_DNS_LISTEN: RESPONDERS.map((address) => `${address}:${simulator.dnsPort}`).join(),
    CERTPACKS_AGENT_LISTEN: agents,
  };
  const start = async () => {
    const { api, child } = await startServe(t, options);
    return { child, client: newClient({ apiToken: token, baseURL: api }) };
  };
  return { dir, accountId, start };
}

type Client = ReturnType<typeof newClient>;

/** Enrols an edge, and runs its agent. */
async function givenAgent(
  t: TestContext,
  haproxy: GivenHaproxy,
  token: string,
): Promise<() => Promise<ChildProcess>> {
  const dir = join(haproxy.dir, 'agent');
  const enrolled = await promisify(execFile)(
    process.execPath,
    [MAIN, 'agent', 'enrol', token, '--dir', dir],
    {
      timeout: 60_000,
    },
  );
  assert.match(enrolled.stdout, /is that of the agent of edge fra-1 \(haproxy, production\)/);
  const file = join(haproxy.dir, 'agent.toml');
  writeFileSync(
    file,
    `[edge]\naddress = "127.0.0.1:${haproxy.edge.port}"\ninventory_seconds = 5\nsocket = "${haproxy.socket}"\n` +
      `crt_list = "${haproxy.crtList}"\nfolder = "${haproxy.folder}"\n`,
  );
  return async () => {
    const child = spawn(process.execPath, [MAIN, 'agent', 'run', '--dir', dir, '--config', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    t.after(() => void child.kill('SIGKILL'));
    for await (const line of createInterface({ input: child.stderr }))
      if (line.includes('agent is ready')) {
        child.stderr.resume();
        return child;
      }
    throw new Error('the agent ended');
  };
}

interface Enrolled {
  readonly id: string;
  readonly token: string;
}

const enrol = async (client: Client, accountId: string): Promise<Enrolled> => {
  const body = { name: 'fra-1', kind: 'haproxy' };
  const { result }: { result: Enrolled } = await client.post(`/accounts/${accountId}/edges`, { body });
  return result;
};

const order = async (
  client: Client,
  zone: { readonly id: string; readonly name: string },
): Promise<string> => {
  const { id } = await client.ssl.certificatePacks.create({
    zone_id: zone.id,
    type: 'advanced',
    hosts: [zone.name, `*.${zone.name}`],
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
  });
  return id;
};

const statusOf = async (client: Client, zoneId: string, id: string) =>
  (await client.ssl.certificatePacks.get(id, { zone_id: zoneId })).status;

/** Leaves that HAProxy shows for a name, of both algorithms. */
const shownOf = (haproxy: GivenHaproxy) => async (name: string) => {
  const signal = AbortSignal.timeout(5_000);
  const ask = (algorithm: Algorithm) => showLeaf(haproxy.edge, { name, algorithm }, signal);
  return (await Promise.all(ALGORITHMS.map(ask))).map((leaf) => leaf?.fingerprint);
};

test('a pack is active by an agent’s proofs, and served on with the service and the agent away', {
  ...haproxyNeeds(),
  timeout: 170_000,
}, async (t) => {
  const service = await givenService(t);
  const { client, child } = await service.start();
  const haproxy = new GivenHaproxy(await freePort());
  t.after(() => haproxy.stop());
  haproxy.configure();
  const { token } = await enrol(client, service.accountId);
  const startAgent = await givenAgent(t, haproxy, token);
  writeFileSync(haproxy.crtList, '');
  await haproxy.start();
  const zone = await client.zones.create({
    account: { id: service.accountId },
    name: 'far.test',
    type: 'full',
  });
  const id = await order(client, zone);
  await until(
    () => statusOf(client, zone.id, id),
    (status) => status === 'pending_deployment',
  );
  const agent = await startAgent();
  await until(
    () => statusOf(client, zone.id, id),
    (status) => status === 'active',
  );
  const shown = shownOf(haproxy);
  const leaves = await shown('far.test');
  assert(leaves.every((leaf) => leaf !== undefined));
  assert.deepEqual(await shown('*.far.test'), leaves);

  child.kill('SIGKILL');
  agent.kill('SIGKILL');
  await Promise.all([once(child, 'exit'), once(agent, 'exit')]);
  await haproxy.stop();
  await haproxy.start();
  assert.deepEqual(await shown('far.test'), leaves, 'HAProxy alone, begun anew');
  await startAgent();
  const again = await service.start();
  assert.equal(await statusOf(again.client, zone.id, id), 'active');
  await again.client.ssl.certificatePacks.delete(id, { zone_id: zone.id });
  await until(
    () => shown('far.test'),
    (now) => now.every((leaf) => leaf === undefined),
  );
  await until(
    () => statusOf(again.client, zone.id, id),
    (status) => status !== 'pending_deletion',
  );
  assert.equal(await statusOf(again.client, zone.id, id), 'deleted');
});
