import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { test } from 'node:test';
import { givenServedName, helloFrom, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import { fingerprintIn, givenPack, until } from '../../../test/support/edge/given-service.ts';
import { ALGORITHMS } from '../../pack/pack.ts';
import { showLeaf } from '../handshake.ts';

const { signal } = new AbortController();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const handles = () => process.getActiveResourcesInfo().length;

/** Sends `bytes` and leaves in a way of its own. */
async function knock(port: number, bytes: Buffer, leave: (socket: Socket) => void): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
  socket.resume().write(bytes);
  await once(socket, 'connect');
  leave(socket);
}

test('no client can bring it down, or stay', async (t) => {
  const { row, bundled, pack } = await givenServedName(t);
  const hello = await helloFrom({ servername: NAME });
  const openings = [
    Buffer.alloc(0),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    hello.subarray(0, 1),
    hello.subarray(0, 60),
    hello,
    Buffer.concat([hello, Buffer.from('not what comes next')]),
    Buffer.concat([hello, hello]),
    Buffer.concat([Buffer.from([22, 3, 1, 64, 0, 1, 0, 63, 255]), Buffer.alloc(100_000)]),
    Buffer.from([21, 3, 1, 0, 2, 2, 40]),
  ];
  for (const bytes of openings) {
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      await knock(row.port, bytes, (socket) => socket[leave]());
      await knock(row.port, bytes, (socket) => setTimeout(() => socket[leave](), 5));
    }
  }
  for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const client = await shaken(row.port);
    if (leave === 'resetAndDestroy') client.write(Buffer.alloc(100_000));
    client[leave === 'end' ? 'end' : 'destroy']();
  }
  await until(() => bundled.stats().connections === 0);
  assert.equal(bundled.stats().halfOpen, 0);
  const shown = await showLeaf(row, { name: NAME, algorithm: 'ecdsa' }, signal);
  assert.equal(shown?.fingerprint, fingerprintIn(pack, 'ecdsa'));
});

test('a hello that comes byte by byte is waited for', async (t) => {
  const { row } = await givenServedName(t);
  const hello = await helloFrom({ servername: NAME });
  const socket = connectTcp({ port: row.port, host: row.host, noDelay: true });
  for (const byte of hello) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const [answer] = await once(socket, 'data');
  assert.equal(answer[0], 22, 'a handshake record');
  socket.destroy();
});

test('leaves swapped under load: no handshake fails, none shows an old leaf once the change was told', async (t) => {
  const { service, row, bundled } = await givenServedName(t);
  const versions = new Map<string, number>();
  const packs = await Promise.all(Array.from({ length: 40 }, () => givenPack([NAME])));
  const first = service.packs.get(NAME);
  for (const [i, pack] of [first, ...packs].entries()) {
    if (pack) for (const algorithm of ALGORITHMS) versions.set(fingerprintIn(pack, algorithm), i);
  }
  const over = new AbortController();
  let handshakes = 0;
  const worker = async (n: number) => {
    const algorithm = ALGORITHMS[n % 2] ?? 'rsa';
    while (!over.signal.aborted) {
      const told = bundled.stats().changes;
      const shown = await showLeaf(row, { name: NAME, algorithm }, signal);
      const version = versions.get(shown?.fingerprint ?? '') ?? -1;
      assert.ok(version >= told, `leaf ${version} after change ${told}`);
      handshakes++;
    }
  };
  const workers = Promise.all([0, 1, 2, 3, 4, 5].map(worker));
  for (const pack of packs) {
    service.packs.set(NAME, pack);
    service.pull.push({ environment: 'production', hosts: [NAME] });
    await pause(15);
  }
  await until(() => bundled.stats().changes === packs.length);
  over.abort();
  await workers;
  assert.ok(handshakes > packs.length);
  assert.equal(bundled.stats().failed, 0);
  assert.equal(bundled.stats().refused, 0);
});

test('thousands of handshakes leave nothing behind', async (t) => {
  const { row, bundled } = await givenServedName(t);
  const run = async (count: number) => {
    for (let i = 0; i < count; i++) (await shaken(row.port)).end();
  };
  const settle = () => until(() => bundled.stats().connections === 0);
  await run(20);
  await settle();
  await pause(20);
  const before = handles();
  await Promise.all([run(500), run(500), run(500), run(500)]);
  await settle();
  await until(() => handles() <= before);
  assert.equal(bundled.stats().handshakes, 2_020);
  assert.equal(bundled.stats().halfOpen, 0);
});
