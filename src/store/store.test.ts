import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ProtocolConnection } from './protocol/connection.ts';
import { ServerFence } from './server-role.ts';
import { openPool, transaction } from './store.ts';

/** A message of PostgreSQL's protocol: its letter, its length, its content. */
function message(letter: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(letter), length, content]);
}

const READY = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
const ENDING = message(
  'E',
  Buffer.from('SFATAL\0VFATAL\0C57P02\0Mterminating connection due to unexpected postmaster exit\0\0'),
);

/** A server that lets everybody in and is gone in the same breath, as one whose postmaster was killed. */
async function givenDyingServer(t: TestContext): Promise<{ host: string; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(Buffer.concat([READY, ENDING])));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert(typeof address === 'object' && address);
  return { host: '127.0.0.1', port: address.port };
}

test('a server that ends as soon as a connection is ready fails what was asked, and nothing else', async (t) => {
  const place = { ...(await givenDyingServer(t)), user: 'x', database: 'x', ssl: false };
  const pool = openPool({ ...place, max: 2 }, () => undefined);
  t.after(() => pool.end());
  await assert.rejects(transaction(pool, (tx) => tx.query('select')));
  await assert.rejects(pool.query('select'));
  await assert.rejects(ProtocolConnection.open(place, new ServerFence()));
});
