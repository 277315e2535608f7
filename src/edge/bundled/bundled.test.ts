import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';
import { connect as connectTcp, createServer } from 'node:net';
import { test } from 'node:test';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { givenPort, givenServedName, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import {
  fingerprintIn,
  givenPack,
  givenService,
  quiet,
  until,
} from '../../../test/support/edge/given-service.ts';
import { needs } from '../../../test/support/peers.ts';
import { ALGORITHMS } from '../../pack/pack.ts';
import { showLeaf } from '../handshake.ts';
import { startBundledEdge } from './bundled.ts';

const OPENSSL = needs('openssl');

const { signal } = new AbortController();

const hexOf = (socket: TLSSocket) =>
  socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();

/** What `openssl s_client` prints about its handshake. */
async function sClient(port: number, ...flags: string[]): Promise<string> {
  const command = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', NAME, '-showcerts', ...flags];
  const child = spawn('openssl', command, { stdio: ['ignore', 'pipe', 'ignore'] });
  return Buffer.concat(await child.stdout.toArray()).toString();
}

test(
  'openssl is shown the leaf and the chain of the algorithm that it can check, ECDSA where it can both',
  OPENSSL,
  async (t) => {
    const { row } = await givenServedName(t);
    for (const version of ['-tls1_2', '-tls1_3']) {
      const ecdsa = await sClient(row.port, version, '-sigalgs', 'ECDSA+SHA256');
      assert.match(ecdsa, /Peer signature type: ECDSA/, version);
      assert.match(ecdsa, / 1 s:CN ?= ?CA of ecdsa/);
      assert.doesNotMatch(ecdsa, /CA of rsa/);
      const rsa = await sClient(row.port, version, '-sigalgs', 'rsa_pss_rsae_sha256:RSA+SHA256');
      assert.match(rsa, /Peer signature type: RSA/, version);
      assert.match(rsa, / 1 s:CN ?= ?CA of rsa/);
      assert.doesNotMatch(rsa, /CA of ecdsa/);
      assert.match(await sClient(row.port, version), /Peer signature type: ECDSA/, version);
    }
  },
);

test('each algorithm shows its own leaf, over TLS 1.2 and 1.3, and nothing older is spoken', async (t) => {
  const { row, pack } = await givenServedName(t);
  for (const algorithm of ALGORITHMS) {
    const shown = await showLeaf(row, { name: NAME, algorithm }, signal);
    assert.equal(shown?.fingerprint, fingerprintIn(pack, algorithm));
  }
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const client = await shaken(row.port, { minVersion: version, maxVersion: version });
    assert.equal(hexOf(client), fingerprintIn(pack, 'ecdsa'), version);
    client.destroy();
  }
  const old: ConnectionOptions = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
  await assert.rejects(shaken(row.port, old), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
});

test('a name that no pack serves, or none, gets the alert unrecognized_name and no certificate', async (t) => {
  const { row, bundled } = await givenServedName(t);
  for (const servername of ['other.example.com', '', 'onelabel']) {
    const code = 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME';
    await assert.rejects(shaken(row.port, { servername }), { code }, servername);
  }
  assert.equal(await showLeaf(row, { name: '*.example.org', algorithm: 'rsa' }, signal), undefined);
  assert.equal(bundled.stats().refused, 4);
  await until(() => bundled.stats().connections === 0);
});

test('names as browsers send them are served: a final dot, and under a wildcard underscores and hyphens', async (t) => {
  const { row, service } = await givenServedName(t);
  service.packs.set('*.wild.example.com', await givenPack(['*.wild.example.com']));
  const names = [
    `${NAME}.`,
    NAME.toUpperCase(),
    'a_b.wild.example.com',
    '_x.wild.example.com.',
    '-y-.WILD.example.com',
  ];
  for (const servername of names) {
    const client = await shaken(row.port, { servername });
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const answer = Buffer.concat(await client.toArray()).toString();
    assert.equal(answer.split(': ').at(-1), servername.toLowerCase().replace(/\.$/, ''));
  }
  assert.deepEqual(
    new Set(service.asked),
    new Set(names.map((name) => name.toLowerCase().replace(/\.$/, ''))),
  );
});

test('it speaks http/1.1 by ALPN, and refuses a client that wants another protocol', async (t) => {
  const { row } = await givenServedName(t);
  const client = await shaken(row.port, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(client.alpnProtocol, 'http/1.1');
  client.destroy();
  const code = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';
  await assert.rejects(shaken(row.port, { ALPNProtocols: ['h2'] }), { code });
});

test('an address that is taken is told', async (t) => {
  const { row, service } = await givenServedName(t);
  const options = { ...row, environment: 'staging', pull: service.path, log: quiet() } as const;
  await assert.rejects(startBundledEdge(options), { fault: 'configuration' });
});

test('without an upstream it answers with the name of the handshake', async (t) => {
  const { row, bundled } = await givenServedName(t);
  const options = { ...row, servername: NAME, rejectUnauthorized: false, agent: false, path: '/any' };
  const [response] = await once(request(options).end(), 'response');
  assert.equal(response.statusCode, 200);
  assert.equal(Buffer.concat(await response.toArray()).toString(), `certpacks edge: ${NAME}`);
  await until(() => bundled.stats().connections === 0);
});

test('with an upstream bytes pass both ways, also after one side has ended', async (t) => {
  const upstream = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk)).on('end', () => socket.end(Buffer.concat(chunks)));
  });
  t.after(() => void upstream.close());
  const port = await givenPort(upstream);
  const { row, bundled } = await givenServedName(t, { host: '127.0.0.1', port });
  const sent = Buffer.alloc(3_000_000, 'abc');
  const socket = connectTcp({ ...row, allowHalfOpen: true });
  const client = await shaken(row.port, { socket });
  client.end(sent);
  assert.equal(sent.equals(Buffer.concat(await client.toArray())), true);
  await until(() => bundled.stats().connections === 0);
});

test('a client may go on sending when the upstream has ended', async (t) => {
  const got: Buffer[] = [];
  const upstream = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (chunk) => got.push(chunk)).end('first');
  });
  t.after(() => void upstream.close());
  const port = await givenPort(upstream);
  const { row, bundled } = await givenServedName(t, { host: '127.0.0.1', port });
  const client = await shaken(row.port, { socket: connectTcp({ ...row, allowHalfOpen: true }) });
  assert.equal(Buffer.concat(await client.toArray({ signal })).toString(), 'first');
  client.end('second');
  await until(() => bundled.stats().connections === 0 && got.length > 0);
  assert.equal(Buffer.concat(got).toString(), 'second');
});

test('an upstream that is not there closes the connection and nothing else', async (t) => {
  const { row, bundled } = await givenServedName(t, { host: '127.0.0.1', port: 1 });
  for (let i = 0; i < 3; i++) {
    const client = await shaken(row.port);
    client.write('GET / HTTP/1.1\r\n\r\n');
    await once(client.resume(), 'close');
  }
  await until(() => bundled.stats().connections === 0);
});

test('without the service it goes on with what it has, and takes up with the next one', async (t) => {
  const { service, row, bundled, pack } = await givenServedName(t);
  const show = async () => (await showLeaf(row, { name: NAME, algorithm: 'ecdsa' }, signal))?.fingerprint;
  assert.equal(await show(), fingerprintIn(pack, 'ecdsa'));
  await service.pull.close();
  await until(() => !bundled.stats().isLive);
  for (let i = 0; i < 3; i++) assert.equal(await show(), fingerprintIn(pack, 'ecdsa'));
  const code = 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR';
  await assert.rejects(shaken(row.port, { servername: 'cold.example.com' }), { code });
  const renewed = await givenPack([NAME]);
  await givenService(t, service.path, new Map([[NAME, renewed]]));
  await until(() => bundled.stats().isLive);
  assert.equal(await show(), fingerprintIn(renewed, 'ecdsa'));
});
