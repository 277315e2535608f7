import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import { test } from 'node:test';
import { givenPort, givenServedName, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import { until } from '../../../test/support/edge/given-service.ts';
import { needs } from '../../../test/support/peers.ts';
import { toAlpn } from './alpn.ts';

test('protocols are read in the order of liking, and what is none is refused', () => {
  assert.deepEqual(toAlpn('http/1.1'), ['http/1.1']);
  assert.deepEqual(toAlpn('h2, http/1.1'), ['h2', 'http/1.1']);
  assert.deepEqual(toAlpn('http/1.1,h2'), ['http/1.1', 'h2']);
  for (const text of ['', 'h3', 'h2,', 'h2,h2'])
    assert.throws(() => toAlpn(text), { fault: 'configuration' }, text);
});

test('each client gets the protocol that the edge likes most of its own, or an alert', async (t) => {
  const upstream = createHttp2Server();
  t.after(() => void upstream.close());
  const place = { host: '127.0.0.1', port: await givenPort(upstream) };
  const { row, bundled } = await givenServedName(t, place, { alpn: ['h2', 'http/1.1'] });
  const offers = [
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [[], false],
  ] as const;
  for (const [i, [ALPNProtocols, agreed]] of offers.entries()) {
    const client = await shaken(row.port, { ALPNProtocols: [...ALPNProtocols] });
    assert.equal(client.alpnProtocol, agreed);
    await until(() => bundled.stats().handshakes > i);
    client.destroy();
  }
  const code = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';
  await assert.rejects(shaken(row.port, { ALPNProtocols: ['h3'] }), { code });
  assert.deepEqual(bundled.stats().protocols, { h2: 1, 'http/1.1': 1, none: 1 });
});

test('curl speaks HTTP/2 with the upstream through the edge', needs('curl'), async (t) => {
  const upstream = createHttp2Server((request, response) =>
    response.end(`${request.httpVersion} ${request.authority}`),
  );
  t.after(() => void upstream.close());
  const place = { host: '127.0.0.1', port: await givenPort(upstream) };
  const { row } = await givenServedName(t, place, { alpn: ['h2', 'http/1.1'] });
  const to = ['--resolve', `${NAME}:${row.port}:127.0.0.1`, `https://${NAME}:${row.port}/`];
  const child = spawn('curl', ['-sSk', '--http2', '--max-time', '10', '-w', ' %{http_version}', ...to]);
  const [told] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
  assert.equal(Buffer.concat(told).toString(), `2.0 ${NAME}:${row.port} 2`);
});
