/** Origins of custom hostnames: where bytes go, and where they never do. */
import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { authoritative, startWorld } from '../../../test/support/dns/small-dns.ts';
import { givenPort, givenServedName, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import { givenPack, until } from '../../../test/support/edge/given-service.ts';
import type { HostnameOrigin } from '../../pack/hostname-origin.ts';
import { mayReach, type OriginTerms } from './origins.ts';

const ORIGIN = 'origin.example.com';
const OTHER = 'other.example.com';
const LOOPBACK = ['127.0.0.0/8'];

/** A TLS server of a tenant's, and one behind the edge: each tells of what it hears. */
async function givenOrigin(t: TestContext, terms: Partial<OriginTerms> = {}) {
  const { certificates } = await givenPack([ORIGIN]);
  const { chain = '', key = '' } = certificates.ecdsa ?? {};
  const heard: string[] = [];
  const origin = createServer({ cert: chain, key, ALPNProtocols: ['http/1.1'] }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard.push(`${socket.servername} ${bytes}`);
      socket.end('from the origin');
    });
  });
  const upstream = createTcpServer((socket) => socket.on('error', () => undefined).end('from the upstream'));
  t.after(() => void origin.close());
  t.after(() => void upstream.close());
  const [port, behind] = [await givenPort(origin), await givenPort(upstream)];
  const [issuer = ''] = chain.split(/(?<=-----END CERTIFICATE-----)/).slice(1);
  const edge = await givenServedName(
    t,
    { host: '127.0.0.1', port: behind },
    { alpn: ['h2', 'http/1.1'], origins: { networks: LOOPBACK, port, trust: issuer, ...terms } },
  );
  let told = 0;
  const set = async (served: HostnameOrigin | undefined) => {
    edge.service.packs.set(NAME, { ...edge.pack, origin: served });
    edge.service.pull.push({ environment: 'production', hosts: [NAME] });
    told += 1;
    await until(() => edge.bundled.stats().changes === told);
  };
  const ask = async (servername = NAME, ALPNProtocols = ['http/1.1']): Promise<string> => {
    const client = await shaken(edge.row.port, { servername, ALPNProtocols });
    client.write('hello');
    return Buffer.concat(
      await client.toArray({ signal: AbortSignal.timeout(5_000) }).catch(() => []),
    ).toString();
  };
  return { ...edge, heard, set, ask };
}

const at = (...places: string[]): HostnameOrigin => ({ name: ORIGIN, sni: ORIGIN, at: places });

test('clients of a hostname go to its origin, over TLS by its name, and those of others to the upstream', async (t) => {
  const { service, heard, set, ask, bundled } = await givenOrigin(t);
  service.packs.set(OTHER, await givenPack([OTHER]));
  assert.equal(await ask(), 'from the upstream');
  await set(at('127.0.0.1'));
  assert.equal(await ask(), 'from the origin');
  assert.deepEqual(heard, [`${ORIGIN} hello`]);
  assert.equal(await ask(OTHER), 'from the upstream');
  assert.equal(bundled.stats().upstreamFailures, 0);
  await set({ ...at('127.0.0.1'), at: [] });
  assert.equal(await ask(), '', 'one that leads nowhere is not the upstream');
  await set(undefined);
  assert.equal(await ask(), 'from the upstream');
});

test('an origin that shows no certificate of its name, or not the client’s protocol, hears nothing', async (t) => {
  const { heard, set, ask, bundled } = await givenOrigin(t);
  await set({ ...at('127.0.0.1'), sni: 'wrong.example.com' });
  assert.equal(await ask(), '');
  const { sni: _, ...asRequested } = at('127.0.0.1');
  await set(asRequested);
  assert.equal(await ask(), '', 'its certificate is not of the name that the client asked for');
  await set(at('127.0.0.1'));
  assert.equal(await ask(NAME, ['h2']), '');
  assert.deepEqual([heard, bundled.stats().upstreamFailures], [[], 3]);
});

test('no name and no address leads to this machine or a private network, unless the operator has it so', async (t) => {
  const { heard, set, ask, bundled } = await givenOrigin(t, { networks: ['10.0.0.0/8'] });
  const places = ['127.0.0.1', 'localhost', '::1', '::ffff:127.0.0.1', '0.0.0.0', 'nonsense..name'];
  for (const place of places) {
    await set(at(place));
    assert.equal(await ask(), '', place);
  }
  assert.deepEqual([heard, bundled.stats().upstreamFailures], [[], places.length]);
});

test('addresses are judged by networks: public ones but the machine’s own, and those of the operator’s', () => {
  const own = new Set(['192.88.98.7', '10.1.2.3', '2a00::7']);
  const may = (address: string) => mayReach(address, ['10.0.0.0/8'], own);
  const good = ['8.8.8.8', '2a00::8', '10.9.9.9', '10.1.2.3'];
  const bad = [
    '192.88.98.7',
    '2a00::7',
    '127.0.0.1',
    '169.254.169.254',
    '168.63.129.16',
    '192.168.1.1',
    '172.16.0.1',
    '100.64.0.1',
  ];
  const odd = ['::1', 'fe80::1', 'fd00::1', '64:ff9b::7f00:1', '::7f00:1', '0.0.0.0', '224.0.0.1', '', 'x'];
  assert.deepEqual(good.filter(may), good);
  assert.deepEqual([...bad, ...odd].filter(may), []);
});

test('without TLS bytes go as they are, and a client that goes first leaves nothing behind', async (t) => {
  const plain = createTcpServer((socket) => socket.on('error', () => undefined).end('in the clear'));
  t.after(() => void plain.close());
  const port = await givenPort(plain);
  const { set, ask, row, bundled } = await givenOrigin(t, { trust: 'plain', port });
  await set(at('127.0.0.1'));
  assert.equal(await ask(), 'in the clear');
  const client = await shaken(row.port, { ALPNProtocols: ['http/1.1'] });
  client.destroy();
  await until(() => bundled.stats().connections === 0);
});

test('names are asked of the DNS, where those of slow name servers take none of the process’s few threads', async (t) => {
  const answers = authoritative({ 'origin.test': [['www.origin.test', 'A', '127.0.0.1']] });
  const world = await startWorld();
  t.after(() => world.close());
  await world.set('127.0.70.2', (question, ...rest) =>
    question.name.startsWith('slow') ? undefined : answers(question, ...rest),
  );
  const before = dns.getServers();
  dns.setServers([`127.0.70.2:${world.port}`]);
  t.after(() => dns.setServers(before));
  const { row, set, ask } = await givenOrigin(t);
  await set(at('slow.origin.test'));
  const slow = await Promise.all(
    Array.from({ length: 8 }, () => shaken(row.port, { ALPNProtocols: ['http/1.1'] })),
  );
  t.after(() => slow.map((client) => client.destroy()));
  await until(() => world.asked.some((one) => one.includes('slow')));
  await set(at('www.origin.test'));
  assert.equal(await ask(), 'from the origin');
});
