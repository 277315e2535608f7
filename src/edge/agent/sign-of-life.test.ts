import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, createServer, type ServerHttp2Session } from 'node:http2';
import { connect, createServer as createRelay, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { givenPort } from '../../../test/support/edge/given-edge.ts';
import { demandLife } from './sign-of-life.ts';

test('a session whose other side is gone without a word is ended, and one that answers stays', async (t) => {
  const server = createServer();
  t.after(() => server.close());
  const port = await givenPort(server);
  const sockets: Socket[] = [];
  const relay = createRelay((near) => {
    const far = connect(port, '127.0.0.1');
    sockets.push(near, far);
    near.pipe(far).pipe(near);
    for (const one of [near, far]) one.on('error', () => undefined);
  });
  t.after(() => relay.close());
  const sessionOf = once(server, 'session');
  const client = connectHttp2(`http://127.0.0.1:${await givenPort(relay)}`);
  client.on('error', () => undefined);
  t.after(() => {
    client.destroy();
    for (const one of sockets) one.destroy();
  });
  const [session]: ServerHttp2Session[] = await sessionOf;
  assert(session);
  t.after(demandLife(session, { everyMs: 100, missing: 3 }));
  await delay(1_000);
  assert.equal(session.destroyed, false, 'it answers');

  const closed = once(session, 'close', { signal: AbortSignal.timeout(5_000) });
  // As a machine that lost its power: nothing comes through, and nobody says so.
  for (const one of sockets) one.unpipe().pause();
  await closed;
});
