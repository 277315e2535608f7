import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { givenServedName, helloFrom, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import { givenPack, givenService, quiet, until } from '../../../test/support/edge/given-service.ts';
import { startBundledEdge } from './bundled.ts';
import { edgeRegistry } from './edge-metrics.ts';

/** The value of one line of the text that Prometheus reads. */
async function read(stats: Parameters<typeof edgeRegistry>[0], line: string): Promise<number> {
  const text = await edgeRegistry(stats).metrics();
  const found = text.split('\n').find((one) => one.startsWith(`certpacks_edge_${line} `));
  assert.ok(found, `no ${line} in\n${text}`);
  return Number(found.split(' ').at(-1));
}

async function knock(port: number, bytes: Buffer): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.resume().end(bytes);
  await once(socket, 'close');
}

/** Clients that come to no handshake, each with the line that counts them. */
const CLIENTS: readonly (readonly [line: string, options: ConnectionOptions])[] = [
  ['refused_handshakes_total{reason="no_name"}', { servername: '' }],
  ['refused_handshakes_total{reason="malformed_name"}', { servername: 'onelabel' }],
  ['refused_handshakes_total{reason="unknown_name"}', { servername: 'other.example.com' }],
  [
    'failed_handshakes_total{reason="protocol_version"}',
    { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
  ],
  ['failed_handshakes_total{reason="no_shared_algorithm"}', { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }],
  ['failed_handshakes_total{reason="no_shared_algorithm"}', { sigalgs: 'ed25519' }],
  ['failed_handshakes_total{reason="alpn"}', { ALPNProtocols: ['h2'] }],
];

for (const [line, options] of CLIENTS) {
  test(`a client with ${JSON.stringify(options)} is counted as ${line}`, async (t) => {
    const { row, bundled } = await givenServedName(t);
    await assert.rejects(shaken(row.port, options));
    await until(() => bundled.stats().connections === 0);
    const stats = () => bundled.stats();
    assert.equal(await read(stats, line), 1);
    assert.equal(await read(stats, 'connections_total'), 1);
    const { refused, failed } = bundled.stats();
    assert.equal(refused + failed, 1, 'it is counted once');
  });
}

test('bytes that are no TLS, a hello cut off and a service that is away are counted, each once', async (t) => {
  const { row, bundled, service } = await givenServedName(t);
  await knock(row.port, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await knock(row.port, (await helloFrom({ servername: NAME })).subarray(0, 60));
  await service.pull.close();
  await assert.rejects(shaken(row.port, { servername: 'cold.example.com' }));
  await until(() => bundled.stats().connections === 0);
  const stats = () => bundled.stats();
  assert.equal(await read(stats, 'failed_handshakes_total{reason="not_tls"}'), 1);
  assert.equal(await read(stats, 'failed_handshakes_total{reason="closed"}'), 1);
  assert.equal(await read(stats, 'refused_handshakes_total{reason="unreachable"}'), 1);
  assert.equal(await read(stats, 'pulls_total{outcome="unreachable"}'), 1);
  assert.equal(bundled.stats().refused + bundled.stats().failed, 3);
});

test('handshakes, names in memory, pulls and failed upstreams are counted', async (t) => {
  const { row, bundled } = await givenServedName(t, { host: '127.0.0.1', port: 1 });
  for (let i = 0; i < 3; i++) await once((await shaken(row.port)).resume(), 'close');
  await assert.rejects(shaken(row.port, { servername: 'other.example.com' }));
  await until(() => bundled.stats().connections === 0);
  const stats = () => bundled.stats();
  const expected = {
    handshakes_total: 3,
    upstream_failures_total: 3,
    'pulls_total{outcome="found"}': 1,
    'pulls_total{outcome="unknown"}': 1,
    'names{kind="known"}': 1,
    'names{kind="unknown"}': 1,
    connections: 0,
    half_open: 0,
    following: 1,
    'failed_handshakes_total{reason="closed"}': 0,
  };
  for (const [line, value] of Object.entries(expected)) assert.equal(await read(stats, line), value, line);
});

async function givenPlain(t: TestContext) {
  const service = await givenService(t);
  service.packs.set(NAME, await givenPack([NAME]));
  const place = { host: '127.0.0.1', port: 0, httpPort: 0, environment: 'production' } as const;
  const edge = await startBundledEdge({ ...place, pull: service.path, log: quiet() });
  t.after(() => edge.close());
  return { edge, files: service.files };
}

test('answers over plain HTTP are counted by what they were', async (t) => {
  const { edge, files } = await givenPlain(t);
  const path = '/.well-known/acme-challenge/x';
  files.set(`http://${NAME}${path}`, 'x.y');
  const asks = [
    [NAME, path, 'file'],
    [NAME, `${path}y`, 'no_file'],
    [NAME, '/', 'redirect'],
    ['b.example.com', '/', 'not_served'],
    ['localhost', '/', 'refused'],
  ] as const;
  for (const [host, at, answer] of asks) {
    const asked = request({ port: edge.httpPort, host: '127.0.0.1', path: at, headers: { host } }).end();
    const [response] = await once(asked, 'response');
    await once(response.resume(), 'end');
    assert.equal(await read(() => edge.stats(), `http_answers_total{answer="${answer}"}`), 1, answer);
  }
  assert.equal(await read(() => edge.stats(), 'file_pulls_total{outcome="found"}'), 1);
});
