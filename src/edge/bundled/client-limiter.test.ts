import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { givenServedName, shaken } from '../../../test/support/edge/given-edge.ts';
import { until } from '../../../test/support/edge/given-service.ts';
import { ClientLimiter } from './client-limiter.ts';

test('a client is an address of IPv4, and a /64 of IPv6', () => {
  const limiter = new ClientLimiter({ connections: 1, handshakes: 0 });
  assert.ok(limiter.enter('192.0.2.1'));
  assert.equal(limiter.enter('192.0.2.1'), undefined);
  assert.ok(limiter.enter('192.0.2.2'));
  assert.ok(limiter.enter('2001:db8:0:1::1'));
  assert.equal(limiter.enter('2001:db8:0:1:ffff::9'), undefined);
  assert.ok(limiter.enter('2001:db8:0:2::1'));
  assert.equal(limiter.size, 4);
});

test('who leaves makes room, handshakes that are done make room for others, and 0 is no bound', () => {
  const limiter = new ClientLimiter({ connections: 3, handshakes: 1 });
  const first = limiter.enter('192.0.2.1');
  assert.equal(limiter.enter('192.0.2.1'), undefined, 'one handshake at a time');
  first?.shaken();
  first?.shaken();
  const others = [1, 2].map(() => {
    const seat = limiter.enter('192.0.2.1');
    seat?.shaken();
    return seat;
  });
  assert.ok(others.every((seat) => seat !== undefined));
  assert.equal(limiter.enter('192.0.2.1'), undefined, 'three connections');
  for (const seat of [first, ...others]) seat?.leave();
  assert.equal(limiter.size, 0, 'nothing is kept of who is gone');
  const open = new ClientLimiter({ connections: 0, handshakes: 0 });
  assert.ok(Array.from({ length: 5_000 }, () => open.enter('192.0.2.1')).every((seat) => seat !== undefined));
});

/** A connection that says nothing. */
const silent = (port: number): Socket =>
  connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9' }).on('error', () => undefined);

test('a flood of one address is cut off at its bounds, and keeps no other client out', async (t) => {
  const { row, bundled } = await givenServedName(t, undefined, {
    limits: { connections: 40, handshakes: 20 },
  });
  const flood = Array.from({ length: 500 }, () => silent(row.port));
  t.after(() => {
    for (const socket of flood) socket.destroy();
  });
  await until(() => bundled.stats().accepted === 500);
  const { failures, halfOpen, clients } = bundled.stats();
  assert.deepEqual([failures.client_crowded, halfOpen, clients], [480, 20, 1]);
  for (let i = 0; i < 20; i++) await once((await shaken(row.port)).resume().end(), 'close');
  assert.equal(bundled.stats().handshakes, 20);
  const local = { host: '127.0.0.1', localAddress: '127.0.0.9' };
  await assert.rejects(shaken(row.port, local), { code: 'ECONNRESET' });
  for (const socket of flood) socket.destroy();
  await until(() => bundled.stats().connections === 0);
  const client = await shaken(row.port, local);
  client.resume().end();
  await once(client, 'close');
  await until(() => bundled.stats().clients === 0);
});
