import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import type { Packet, Question } from 'dns-packet';
import fc from 'fast-check';
import { askTcp, HOST, opt, query, send, start, told } from '../../../test/support/dns/responder.ts';
import type { Responder } from './responder.ts';

let responder: Responder;
let port = 0;
before(async () => {
  responder = await start();
  port = responder.addresses[0]?.port ?? 0;
});
after(() => responder.close());

const ask = async (name: string, type: Question['type'], more: Partial<Packet> = {}) =>
  told(await send(query(name, type, more), port));

/** Resolves once `holds`; fails after 5 s. */
async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!holds()) {
    assert.ok(performance.now() < end, holds.toString());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('no packet stops the responder', async () => {
  const good = query('two.dcv.example', 'TXT', opt(1_232));
  const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
  const changed = changes.map((list) => {
    const bytes = Buffer.from(good);
    for (const [at, value] of list) bytes[at] = value;
    return bytes;
  });
  const junk = fc.uint8Array({ minLength: 1, maxLength: 600 });
  const socket = createSocket('udp4');
  for (const bytes of fc.sample(fc.oneof(junk, changed, changed), 1_500)) socket.send(bytes, port, HOST);
  assert.equal((await ask('two.dcv.example', 'TXT')).answers?.length, 2);
  socket.close();
  for (const bytes of fc.sample(fc.oneof(junk, changed), 100)) {
    const [, reply] = await askTcp([bytes, good], port);
    if (reply) assert.equal(told(reply).id, 7);
  }
  assert.equal((await ask('two.dcv.example', 'TXT')).answers?.length, 2);
});

test('a client that is too fast is sent to TCP, where it is answered', async () => {
  const slow = await start(1);
  const at = slow.addresses[0]?.port ?? 0;
  try {
    const replies: Buffer[] = [];
    for (let n = 0; n < 3; n += 1)
      replies.push((await send(query('one.dcv.example', 'TXT'), at, 300)) ?? Buffer.alloc(0));
    const seen = replies.map((bytes) =>
      bytes.length === 0 ? 'none' : told(bytes).flag_tc ? 'truncated' : 'whole',
    );
    assert.deepEqual(seen, ['whole', 'none', 'truncated']);
    const resolver = new Resolver({ timeout: 500, tries: 4 });
    resolver.setServers([`${HOST}:${at}`]);
    assert.deepEqual(await resolver.resolveTxt('one.dcv.example'), [['value']]);
  } finally {
    await slow.close();
  }
});

/** Connections from `from` that send the first bytes of a message, one every `ms`. */
async function drip(t: TestContext, from: string, count: number, ms = 1_000): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ port, host: HOST, localAddress: from }).on('error', () => undefined);
    return socket.resume();
  });
  const timer = setInterval(() => sockets.map((socket) => socket.write('\u000f')), ms);
  t.after(() => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets) socket.write('\u000f');
  return sockets;
}

const openAmong = (sockets: readonly Socket[]): number => sockets.filter(({ closed }) => !closed).length;

test('slow connections from one network keep nobody out, in that network or elsewhere', async (t) => {
  const slow = await drip(t, '127.0.74.2', 70);
  await until(() => openAmong(slow) <= 64);
  const started = performance.now();
  const own = await Promise.all(
    Array.from({ length: 20 }, () => askTcp([query('one.dcv.example', 'TXT')], port, '127.0.74.3')),
  );
  for (const [reply] of own) assert.equal(told(reply).answers?.length, 1);
  const [other] = await askTcp([query('one.dcv.example', 'TXT')], port, '127.0.75.1');
  assert.equal(told(other).answers?.length, 1);
  assert.ok(performance.now() - started < 5_000, 'it did not wait for an idle one to end');
  assert.ok(openAmong(slow) >= 40, 'no more of them are cut off than have to make room');
});

test('slow connections from everywhere keep nobody out, and cost no one who asks his connection', async (t) => {
  const busy = connect({ port, host: HOST, localAddress: '127.0.90.1' });
  t.after(() => busy.destroy());
  const question = query('one.dcv.example', 'TXT');
  const replyOn = async (socket: Socket) => {
    socket.write(Buffer.concat([Buffer.from([0, question.length]), question]));
    await once(socket, 'data', { signal: AbortSignal.timeout(5_000) });
  };
  await replyOn(busy);
  for (let network = 0; network < 20; network += 1) {
    await drip(t, `127.0.${100 + network}.1`, 60, 500);
    await replyOn(busy);
  }
  const started = performance.now();
  const [reply] = await askTcp([question], port, '127.0.75.1');
  assert.equal(told(reply).answers?.length, 1);
  assert.ok(performance.now() - started < 5_000, 'it did not wait for an idle one to end');
  await replyOn(busy);
});

test('a message that comes byte by byte has five seconds, and one that never comes has ten', async (t) => {
  const started = performance.now();
  const [dripping] = await drip(t, '127.0.76.1', 1, 200);
  const asked = connect({ port, host: HOST, localAddress: '127.0.77.1' });
  t.after(() => asked.destroy());
  const question = query('one.dcv.example', 'TXT');
  asked.write(Buffer.concat([Buffer.from([0, question.length]), question]));
  await once(asked, 'data');
  asked.resume();
  assert.ok(dripping);
  await once(dripping, 'close', { signal: AbortSignal.timeout(15_000) });
  assert.ok(performance.now() - started < 9_500);
  await once(asked, 'close', { signal: AbortSignal.timeout(15_000) });
  const waited = performance.now() - started;
  assert.ok(waited > 9_000 && waited < 12_000, `${waited} ms`);
});

test('who does not read the answers is cut off', async (t) => {
  const socket = connect({ port, host: HOST, localAddress: '127.0.78.1' }).on('error', () => undefined);
  t.after(() => socket.destroy());
  const question = query('many.dcv.example', 'TXT');
  const framed = Buffer.concat([Buffer.from([0, question.length]), question]);
  socket.pause();
  socket.write(Buffer.concat(Array.from({ length: 9_000 }, () => framed)));
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  // He learns of it when he reads.
  socket.resume();
  await until(() => socket.closed);
});

test('a message longer than any question ends its connection', async () => {
  assert.deepEqual(await askTcp([Buffer.alloc(5_000)], port), []);
});
