import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { givenPort, givenServedName, shaken } from '../../../test/support/edge/given-edge.ts';
import { until } from '../../../test/support/edge/given-service.ts';

/** An edge with one client, whose bytes come back from the upstream. */
async function givenClient(t: TestContext) {
  const upstream = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  t.after(() => void upstream.close());
  const place = { host: '127.0.0.1', port: await givenPort(upstream) };
  const { row, bundled } = await givenServedName(t, place);
  const client = await shaken(row.port);
  await until(() => bundled.stats().handshakes === 1);
  return { row, bundled, client };
}

test('an edge that drains takes nobody any more, and ends with its last client', async (t) => {
  const { row, bundled, client } = await givenClient(t);
  const drained = bundled.drain(20);
  await assert.rejects(shaken(row.port), { code: 'ECONNREFUSED' });
  client.write('still here');
  const [echo] = await once(client, 'data');
  assert.equal(`${echo}`, 'still here');
  assert.equal(bundled.stats().connections, 1);
  client.end();
  await drained;
  assert.equal(bundled.stats().connections, 0);
});

test('a client that stays is cut off when the time is over', async (t) => {
  const { bundled, client } = await givenClient(t);
  const closed = once(client.resume(), 'close');
  const begun = performance.now();
  await bundled.drain(0.1);
  await closed;
  assert.ok(performance.now() - begun < 2_000);
});
