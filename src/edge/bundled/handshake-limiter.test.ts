import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { HandshakeLimiter } from './handshake-limiter.ts';

const enough = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('one too many costs the oldest its place', () => {
  const limiter = new HandshakeLimiter(3, 10);
  const sockets = Array.from({ length: 5 }, () => new Socket());
  for (const socket of sockets) limiter.enter(socket);
  assert.deepEqual(
    sockets.map((socket) => socket.destroyed),
    [true, true, false, false, false],
  );
  assert.equal(limiter.size, 3);
  for (const socket of sockets) limiter.leave(socket);
});

test('who is not done in time is destroyed, who is done is not', async () => {
  const limiter = new HandshakeLimiter(3, 0.03);
  const [done, late] = [new Socket(), new Socket()];
  limiter.enter(done);
  limiter.enter(late);
  limiter.leave(done);
  await enough(60);
  assert.deepEqual([done.destroyed, late.destroyed, limiter.size], [false, true, 0]);
  done.destroy();
});

test('who closes gives its place back', async () => {
  const limiter = new HandshakeLimiter(1, 10);
  const socket = new Socket();
  limiter.enter(socket);
  socket.destroy();
  await enough(5);
  assert.equal(limiter.size, 0);
});
