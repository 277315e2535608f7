import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { givenAgent, givenEnrolled } from '../../../test/support/edge/given-agent.ts';
import { givenAgentService } from '../../../test/support/edge/given-agent-service.ts';
import { givenPort, shaken } from '../../../test/support/edge/given-edge.ts';
import { fingerprintIn, givenPack, quiet, until } from '../../../test/support/edge/given-service.ts';
import type { HostnameTls } from '../../pack/hostname-tls.ts';
import { showLeaf } from '../handshake.ts';
import { startBundledEdge } from './bundled.ts';
import { bundledDriver } from './bundled-driver.ts';

/** A bundled edge that pulls from the agent beside it, at a port of loopback. */
async function givenBundled(t: TestContext) {
  const service = await givenAgentService(t);
  const dir = await givenEnrolled(t, service);
  const free = createServer();
  const port = await givenPort(free);
  await new Promise((resolve) => free.close(resolve));
  const address = { host: '127.0.0.1', port };
  const begin = () => givenAgent(t, dir, { driver: bundledDriver, address, handshakesPerSecond: 0 });
  const agent = await begin();
  const pull = join(dir, 'edge', 'pull.sock');
  const edge = await startBundledEdge({
    ...address,
    environment: 'production',
    pull,
    httpPort: 0,
    log: quiet(),
  });
  t.after(() => edge.close());
  const shown = async (name: string) => {
    const ask = { name, algorithm: 'ecdsa' as const };
    return (await showLeaf({ name: 'bundled', ...address }, ask, AbortSignal.timeout(5_000)))?.fingerprint;
  };
  return { service, dir, agent, begin, edge, shown };
}

test('a bundled edge serves from the agent beside it, also with the service away and after the agent began anew', async (t) => {
  const { service, agent, begin, edge, shown } = await givenBundled(t);
  const pack = await givenPack(['a.example.com', '*.example.com']);
  const { packId } = service.add(pack);
  await until(() => service.isFollowed);
  service.tell([...pack.hosts]);
  await until(
    () => service.proofOf(packId)?.problem === undefined && service.proofOf(packId)?.rsa !== undefined,
  );
  service.stop();
  await agent.close();
  await until(() => !edge.stats().isLive);
  await begin();
  await until(() => edge.stats().isLive);
  for (const name of ['a.example.com', 'b.example.com'])
    assert.equal(await shown(name), fingerprintIn(pack, 'ecdsa'));
  assert.equal(await shown('a.b.example.com'), undefined);
});

test('a change and an end reach the bundled edge through the agent', async (t) => {
  const { service, shown } = await givenBundled(t);
  const { packId } = service.add(await givenPack(['a.example.com']));
  await until(() => service.isFollowed);
  service.tell(['a.example.com']);
  await until(() => service.proofOf(packId)?.rsa !== undefined);
  const renewed = await givenPack(['a.example.com']);
  service.add(renewed, packId);
  service.tell(['a.example.com']);
  await until(() => service.proofOf(packId)?.ecdsa === fingerprintIn(renewed, 'ecdsa'));
  assert.equal(await shown('a.example.com'), fingerprintIn(renewed, 'ecdsa'));
  service.names.clear();
  service.tell(['a.example.com']);
  await until(() => service.released.includes(packId));
  assert.equal(await shown('a.example.com'), undefined);
});

test('what a hostname says of TLS reaches the bundled edge through the agent, with the certificates that it had', async (t) => {
  const { service, edge } = await givenBundled(t);
  const pack = await givenPack(['a.example.com', 'b.example.com']);
  const { packId } = service.add(pack);
  await until(() => service.isFollowed);
  service.tell([...pack.hosts]);
  await until(() => service.proofOf(packId)?.rsa !== undefined);
  const shake = async (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
    (await shaken(edge.port, { servername: 'b.example.com', maxVersion })).getProtocol();
  assert.equal(await shake('TLSv1.2'), 'TLSv1.2');
  const tell = async (tls: HostnameTls | undefined) => {
    const { changes } = edge.stats();
    service.add({ ...pack, tls }, packId);
    service.tell([...pack.hosts]);
    await until(() => edge.stats().changes > changes);
  };
  await tell({ minVersion: '1.3' });
  await assert.rejects(shake('TLSv1.2'), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  assert.equal(await shake('TLSv1.3'), 'TLSv1.3');
  await tell(undefined);
  assert.equal(await shake('TLSv1.2'), 'TLSv1.2');
});

test('a file that shows control of a name comes from the service, through the agent', async (t) => {
  const { agent, edge } = await givenBundled(t);
  await until(() => agent.stats().isConnected);
  const url = `http://127.0.0.1:${edge.httpPort}/.well-known/acme-challenge/x`;
  const { get } = await import('node:http');
  const bodyOf = (host: string) =>
    new Promise<string>((resolve, reject) => {
      get(url, { headers: { host } }, (response) => {
        response
          .setEncoding('utf8')
          .toArray()
          .then((parts) => resolve(parts.join('')), reject);
      }).on('error', reject);
    });
  assert.deepEqual(
    [await bodyOf('a.example.com'), await bodyOf('b.example.com')],
    ['shown', 'no such file\n'],
  );
});
