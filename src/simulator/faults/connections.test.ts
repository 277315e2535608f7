/** Faults of the connection to a simulated CA, as a client sees them. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { get } from 'node:https';
import { it } from 'node:test';
import { faulty } from '../../../test/support/simulator/faulty.ts';

const NAMES = ['a.example.com'];

it('delay: the answer comes late', async (t) => {
  const { client } = await faulty(t, [{ on: 'new-order', fault: 'delay', seconds: 0.2 }]);
  const began = performance.now();
  assert.equal((await client.order(NAMES)).status, 201);
  assert.ok(performance.now() - began >= 195);
});

for (const takesEffect of [false, true]) {
  const what = takesEffect ? 'takes effect' : 'takes no effect';
  it(`cut: the connection is cut, and the request ${what}`, async (t) => {
    const { ca, client } = await faulty(t, [{ on: 'new-order', fault: 'cut', takes_effect: takesEffect }]);
    await assert.rejects(client.order(NAMES), { code: 'ECONNRESET' });
    assert.equal(ca.server.ledger.orders.size, takesEffect ? 1 : 0);
  });

  it(`silence: no answer comes, and the request ${what}`, async (t) => {
    const { ca, client } = await faulty(t, [
      { on: 'new-order', fault: 'silence', takes_effect: takesEffect },
    ]);
    let isOver = false;
    const asked = client.order(NAMES).finally(() => {
      isOver = true;
    });
    const gone = assert.rejects(asked);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(isOver, false);
    assert.equal(ca.server.ledger.orders.size, takesEffect ? 1 : 0);
    client.close();
    await gone;
  });
}

it('cut: the answer breaks off after so many bytes of its content', async (t) => {
  const { ca, client } = await faulty(t, [{ on: 'directory', fault: 'cut', after_bytes: 5 }]);
  await assert.rejects(client.send('GET', ca.server.directory), { code: 'ECONNRESET' });
  const { got, head } = await readSome(ca.server.directory, ca.row.tlsRoots);
  assert.equal(got, '{"new');
  assert.ok(Number(head['content-length']) > 100);
});

it('drip: white space comes byte by byte, and no end', async (t) => {
  const { ca } = await faulty(t, [{ on: 'directory', fault: 'drip', seconds: 0.01 }]);
  const { got, isWhole, head } = await readSome(ca.server.directory, ca.row.tlsRoots, 10);
  assert.equal(got, ' '.repeat(10));
  assert.equal(isWhole, false);
  assert.match(String(head['content-type']), /json/);
});

/** What comes of an answer, up to so many bytes. */
async function readSome(url: string, ca = '', most = Infinity) {
  const { promise, resolve } = Promise.withResolvers<{
    got: string;
    isWhole: boolean;
    head: IncomingHttpHeaders;
  }>();
  const request = get(url, { ca, agent: false, signal: AbortSignal.timeout(5_000) }, (answer) => {
    let got = '';
    const end = (isWhole: boolean) => {
      resolve({ got, isWhole, head: answer.headers });
      request.destroy();
    };
    answer.on('data', (part) => {
      got += part;
      if (got.length >= most) end(false);
    });
    answer.on('error', () => end(false));
    answer.on('end', () => end(true));
  });
  request.on('error', () => undefined);
  return promise;
}

it('raw: other bytes come than an HTTP answer', async (t) => {
  const { client } = await faulty(t, [{ on: 'new-order', fault: 'raw', text: 'SSH-2.0-\xff\r\n' }]);
  await assert.rejects(client.order(NAMES), { code: /^HPE_/ });
});

it('raw: the connection stays open after them where that is wanted', async (t) => {
  // What has no length ends with the connection.
  const head = 'HTTP/1.1 200 OK\r\n\r\n';
  const { client } = await faulty(t, [
    { on: 'new-order', at: 1, fault: 'raw', text: `${head}{}` },
    { on: 'new-order', at: 2, fault: 'raw', text: `${head}{`, stays_open: true },
  ]);
  const began = performance.now();
  assert.equal((await client.order(NAMES)).text, '{}');
  assert.ok(performance.now() - began < 5_000, 'it ended, and not by the client’s patience');
  const asked = client.order(NAMES);
  const early = await Promise.race([
    asked.then(
      () => 'whole',
      () => 'cut',
    ),
    new Promise((resolve) => setTimeout(resolve, 200, 'open')),
  ]);
  assert.equal(early, 'open');
  client.close();
  await assert.rejects(asked);
});
