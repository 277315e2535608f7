import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { givenPort, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import { givenPack } from '../../../test/support/edge/given-service.ts';
import { shakenOf } from './shaken.ts';
import { passTo, tellName, type Upstream } from './upstream.ts';

const HERE = { address: '127.0.0.1', port: 1 };
const ENDS = { client: HERE, edge: HERE };

/** A client of a TLS server that answers each connection by `answer`. */
async function givenClient(t: TestContext, answer: Upstream) {
  const { certificates } = await givenPack([NAME]);
  const { chain: cert, key } = certificates.ecdsa ?? { chain: '', key: '' };
  const server = createServer({ cert, key, allowHalfOpen: true }, (client) =>
    answer(client, shakenOf(client, NAME, ENDS)),
  );
  t.after(() => void server.close());
  const client = await shaken(await givenPort(server));
  t.after(() => void client.destroy());
  return client;
}

const closed = { signal: AbortSignal.timeout(5_000) };

test('a connection that passes nothing for its idle time is closed on both sides', async (t) => {
  const upstream = createTcpServer();
  t.after(() => void upstream.close());
  const port = await givenPort(upstream);
  const client = await givenClient(t, passTo({ host: '127.0.0.1', port }, 0.05));
  const [socket] = await once(upstream, 'connection');
  await Promise.all([once(client.resume(), 'close', closed), once(socket.resume(), 'close', closed)]);
});

/** Cut off while it writes, a client may see a reset, or a broken pipe, instead of an end. */
const isReset = (error: Error) =>
  assert.match('code' in error ? String(error.code) : '', /^(?:ECONNRESET|EPIPE)$/);

test('a request that drips in for longer than it may is cut off', async (t) => {
  const client = await givenClient(t, tellName(0.1));
  client.write('GET / HTTP/1.1\r\n');
  const drip = setInterval(() => client.write('x: y\r\n'), 10);
  t.after(() => clearInterval(drip));
  await once(client.resume(), 'close', closed).catch(isReset);
});

test('a request gets the name, one that is none gets 400, and the connection ends', async (t) => {
  const requests = {
    'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n': 200,
    'nonsense\r\n\r\n': 400,
  };
  for (const [request, status] of Object.entries(requests)) {
    const client = await givenClient(t, tellName(5));
    client.write(request);
    const answer = Buffer.concat(await client.toArray(closed)).toString();
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(answer.endsWith(`certpacks edge: ${NAME}`), status === 200);
  }
});
