import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { HandshakeLimiter } from './handshake-limiter.ts';

const enough = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('one too many costs the oldest its place', () => {
  const halfOpen = new HandshakeLimiter(3, 10);
  const sockets = Array.from({ length: 5 }, () => new Socket());
  for (const socket of sockets) halfOpen.enter(socket);
  assert.deepEqual(
    sockets.map((socket) => socket.destroyed),
    [true, true, false, false, false],
  );
  assert.equal(halfOpen.size, 3);
  for (const socket of sockets) halfOpen.leave(socket);
});

test('who is not done in time is destroyed, who is done is not', async () => {
  const halfOpen = new HandshakeLimiter(3, 0.03);
  const [done, late] = [new Socket(), new Socket()];
  halfOpen.enter(done);
  halfOpen.enter(late);
  halfOpen.leave(done);
  await enough(60);
  assert.deepEqual([done.destroyed, late.destroyed, halfOpen.size], [false, true, 0]);
  done.destroy();
});

test('who closes gives its place back', async () => {
  const halfOpen = new HandshakeLimiter(1, 10);
  const socket = new Socket();
  halfOpen.enter(socket);
  socket.destroy();
  await enough(5);
  assert.equal(halfOpen.size, 0);
});
