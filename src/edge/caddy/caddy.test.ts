import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { install } from '../../../test/support/apt.ts';
import { givenVersions, startEdgeClients } from '../../../test/support/edge/edge-clients.ts';
import {
  both,
  driverDeps,
  exampleText,
  listening,
  openFolder,
  placed,
  shownFor,
  soon,
} from '../../../test/support/edge/given-nginx.ts';
import { fingerprintIn, givenFolder, givenPack } from '../../../test/support/edge/given-service.ts';
import { freePort } from '../../../test/support/ports.ts';
import { Fault } from '../../kit/fault.ts';
import type { EdgeInHand } from '../driver.ts';
import type { ServedPack } from '../edge.ts';
import { caddyDriver } from './caddy.ts';

const CADDY = '/usr/bin/caddy';
if (!existsSync(CADDY) && process.env['CI'] === 'true') install('caddy');
const needs = { skip: existsSync(CADDY) ? false : 'needs caddy' } as const;

const ends = new AsyncDisposableStack();
/** What the agent has, by name. */
const served = new Map<string, ServedPack>();
const asked: string[] = [];
let folder: string;
let port: number;
let asks: number;
let edge: EdgeInHand;
let caddy: ChildProcess;

before(async () => {
  if (needs.skip !== false) return;
  folder = openFolder(ends);
  port = await freePort();
  asks = await freePort();
  edge = await open();
  writeFileSync(
    join(folder, 'Caddyfile'),
    exampleText('caddy/Caddyfile', {
      'auto_https disable_redirects': `auto_https disable_redirects\n\thttps_port ${port}`,
      'https:// {': 'https:// {\n\tbind 127.0.0.1',
      '/var/lib/certpacks-caddy/': `${folder}/`,
      'reverse_proxy 127.0.0.1:8080': 'respond hello',
    }),
  );
  await startCaddy();
  ends.defer(stopCaddy);
});
after(() => ends.disposeAsync());

async function packFor(name: string): Promise<ServedPack | undefined> {
  asked.push(name);
  return served.get(name) ?? served.get(`*.${name.slice(name.indexOf('.') + 1)}`);
}

async function open(): Promise<EdgeInHand> {
  const opened = await caddyDriver.open({ listen: `127.0.0.1:${asks}` }, driverDeps(folder, port, packFor));
  ends.defer(() => opened.close());
  return opened;
}

async function startCaddy(): Promise<void> {
  const env = { PATH: process.env['PATH'], HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  caddy = spawn(CADDY, ['run', '--config', join(folder, 'Caddyfile')], { env, stdio: 'ignore' });
  await listening(port, caddy);
}

async function stopCaddy(): Promise<void> {
  if (caddy.exitCode !== null || caddy.signalCode !== null) return;
  const ended = once(caddy, 'exit');
  caddy.kill('SIGKILL');
  await ended;
}

/** Gives the agent a pack, and tells the driver. */
async function put(pack: ServedPack): Promise<void> {
  for (const name of pack.hosts) served.set(name, pack);
  assert.deepEqual(await edge.apply([placed(pack)], soon()), []);
}

const secretPath = (): string =>
  /:\d+(\/\S+)/.exec(readFileSync(join(folder, 'get-certificate.caddy'), 'utf8'))?.[1] ?? '';

test('Caddy serves what the agent has, to each client what it can check', needs, async () => {
  const wild = await givenPack(['*.shop.test', 'shop.test']);
  const www = await givenPack(['www.shop.test']);
  await put(wild);
  await put(www);
  const packs = { wild, www };
  assert.deepEqual(await shownFor(edge, 'www.shop.test', packs), both('www'));
  assert.deepEqual(await shownFor(edge, '*.shop.test', packs), both('wild'));
  assert.deepEqual(await shownFor(edge, 'SHOP.test', packs), both('wild'));
  assert.deepEqual(await shownFor(edge, 'other.test', packs), both('nothing'));
  assert.deepEqual(
    (await edge.inventory(soon())).map(({ packId }) => packId),
    [wild.packId, www.packId],
  );
  served.delete('www.shop.test');
  await edge.withdraw([www.packId], soon());
  assert.deepEqual(await shownFor(edge, 'www.shop.test', packs), both('wild'));
  assert.equal((await edge.inventory(soon()))[0]?.leaves.rsa, fingerprintIn(wild, 'rsa'));
});

test('Caddy shows what there is of a pack of one algorithm', needs, async () => {
  const pack = await givenPack(['old.test']);
  const { rsa } = pack.certificates;
  served.set('old.test', { ...pack, certificates: rsa ? { rsa } : {} });
  assert.deepEqual(await shownFor(edge, 'old.test', { pack }), { ecdsa: 'nothing', rsa: 'pack' });
});

test('Caddy fails no handshake while a pack changes 200 times', needs, async () => {
  const versions = await givenVersions(['swap.test'], 2);
  const [first] = versions;
  assert.ok(first);
  await put(first);
  const clients = startEdgeClients(edge, ['swap.test'], versions);
  for (let i = 1; i <= 200; i++) {
    await put(versions[i % 2] ?? first);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const { wrong, leaves, shaken } = await clients.end();
  assert.deepEqual([wrong, leaves.size], [[], 4], `${shaken} handshakes`);
});

test('Caddy is answered again after it or the agent was started anew', needs, async () => {
  const pack = await givenPack(['again.test']);
  await put(pack);
  const earlier = secretPath();
  await edge.close();
  assert.deepEqual(
    await shownFor(edge, 'again.test', { pack }),
    both('nothing'),
    'without the agent nobody is served',
  );
  edge = await open();
  assert.equal(secretPath(), earlier);
  assert.deepEqual(await shownFor(edge, 'again.test', { pack }), both('pack'));
  await stopCaddy();
  await startCaddy();
  assert.deepEqual(await shownFor(edge, 'again.test', { pack }), both('pack'));
});

test('who asks for certificates gets none without the secret or for no question', needs, async () => {
  await put(await givenPack(['asked.test']));
  const path = secretPath();
  asked.length = 0;
  const good = `${path}?server_name=asked.test&signature_schemes=403&cipher_suites=1301`;
  const wrong: [string, number][] = [
    ['/', 404],
    ['//', 404],
    ['/certificate?server_name=asked.test', 404],
    [good.replace(/[0-9a-f]{64}/, '0'.repeat(64)), 404],
    [`${path}/?server_name=asked.test`, 404],
    [`${path}?server_name=asked.test&signature_schemes=zz`, 400],
    [`${path}?server_name=asked.test&cipher_suites=${'1,'.repeat(600)}1`, 400],
    [`${path}?server_name=`, 204],
    [`${path}?server_name=..%2f..%2fetc`, 204],
    [`${path}?server_name=127.0.0.1`, 204],
  ];
  for (const [at, status] of wrong) assert.equal((await ask(at)).status, status, at);
  assert.equal((await ask(good, 'POST')).status, 405);
  assert.deepEqual(asked, []);
  const { status, body } = await ask(good);
  assert.equal(status, 200);
  assert.match(
    body,
    /^-----BEGIN CERTIFICATE-----[^]*-----BEGIN PRIVATE KEY-----[^]*-----END PRIVATE KEY-----\n$/,
  );
});

test('who asks for certificates gets no key that stays with its owner', needs, async () => {
  const pack = await givenPack(['kept.test']);
  const chain = pack.certificates.ecdsa?.chain ?? '';
  const kept = { ...pack, certificates: { ecdsa: { chain, key: 'pkcs11:token=t;object=k' } } };
  served.set('kept.test', kept);
  assert.match((await edge.apply([placed(kept)], soon()))[0]?.why ?? '', /stays with its owner/);
  assert.equal((await ask(`${secretPath()}?server_name=kept.test`)).status, 204);
});

test('who asks for certificates can send nonsense without harm', needs, async () => {
  const socket = connect(asks, '127.0.0.1').on('error', () => undefined);
  socket.end(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`);
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  assert.equal((await ask('/')).status, 404);
});

test('the secret is in files that are not everybody’s', needs, () => {
  assert.equal(statSync(join(folder, 'secret')).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'get-certificate.caddy')).mode & 0o777, 0o640);
});

test('certificates are asked for on this machine alone', needs, async (t) => {
  for (const listen of [
    '0.0.0.0:9180',
    '192.0.2.1:9180',
    'localhost:9180',
    '127.0.0.1:0',
    '127.0.0.1',
    `127.0.0.1:${asks}`,
  ])
    await assert.rejects(
      caddyDriver.open({ listen }, driverDeps(givenFolder(t), port)),
      (error) =>
        error instanceof Fault && error.fault === 'configuration' && error.message.includes("'listen'"),
      listen,
    );
});

/** What the agent answers. */
function ask(path: string, method = 'GET'): Promise<{ status: number | undefined; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; body: string }>();
  request({ host: '127.0.0.1', port: asks, path, method, agent: false }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    response.on('end', () => resolve({ status: response.statusCode, body }));
  })
    .on('error', reject)
    .end();
  return promise;
}
