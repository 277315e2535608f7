import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
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

test('more TCP connections than one network may have are closed at once', async () => {
  const signal = AbortSignal.timeout(5_000);
  const sockets = Array.from({ length: 80 }, () => connect(port, HOST));
  const closed = sockets.map((socket) => once(socket.resume(), 'close', { signal }));
  await Promise.race(closed);
  assert.equal((await ask('one.dcv.example', 'TXT')).answers?.length, 1);
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
});

test('a message longer than any question ends its connection', async () => {
  assert.deepEqual(await askTcp([Buffer.alloc(5_000)], port), []);
});
