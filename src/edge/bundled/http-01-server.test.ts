import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { givenService, quiet } from '../../../test/support/edge/given-service.ts';
import { startBundledEdge } from './bundled.ts';

const NAME = 'a.example.com';
const PATH = '/.well-known/acme-challenge/token-1_x';

/** An edge with a plain listener, and the service behind it. */
async function givenEdge(t: TestContext) {
  const service = await givenService(t);
  const place = { host: '127.0.0.1', port: 0, httpPort: 0, environment: 'production' } as const;
  const edge = await startBundledEdge({ ...place, pull: service.path, log: quiet() });
  t.after(() => edge.close());
  return { ...service, port: edge.httpPort ?? 0 };
}

async function ask(port: number, path: string, { host = NAME, method = 'GET' } = {}) {
  const signal = AbortSignal.timeout(10_000);
  const asked = request({ host: '127.0.0.1', port, path, method, headers: { host }, agent: false, signal });
  asked.end();
  const [answer]: IncomingMessage[] = await once(asked, 'response');
  assert.ok(answer);
  const body = Buffer.concat(await answer.toArray()).toString();
  return { status: answer.statusCode, body, location: answer.headers.location };
}

test('the file that shows control of a host is given to whoever asks that host for it, and to nobody else', async (t) => {
  const { port, files } = await givenEdge(t);
  files.set(`http://${NAME}${PATH}`, 'token-1_x.thumbprint');
  files.set(`http://${NAME}/.well-known/pki-validation/ca3-1.txt`, 'of another CA');
  assert.deepEqual(await ask(port, PATH), {
    status: 200,
    body: 'token-1_x.thumbprint',
    location: undefined,
  });
  assert.equal((await ask(port, PATH, { host: `${NAME.toUpperCase()}:80` })).status, 200);
  assert.equal((await ask(port, `${PATH}?x=1`)).status, 200);
  assert.equal((await ask(port, '/.well-known/pki-validation/ca3-1.txt')).body, 'of another CA');
  assert.equal((await ask(port, PATH, { host: 'b.example.com' })).status, 404);
  assert.equal((await ask(port, `${PATH}y`)).status, 404);
  files.clear();
  assert.equal((await ask(port, PATH)).status, 404);
});

test('HEAD of the file has its length and no body', async (t) => {
  const { port, files } = await givenEdge(t);
  files.set(`http://${NAME}${PATH}`, 'token');
  assert.deepEqual(await ask(port, PATH, { method: 'HEAD' }), {
    status: 200,
    body: '',
    location: undefined,
  });
});

test('everything else of a host is sent to https, path and query with it', async (t) => {
  const { port } = await givenEdge(t);
  for (const path of ['/', '/a/b?c=d&e', '/.well-known/security.txt']) {
    const { status, location } = await ask(port, path);
    assert.deepEqual([status, location], [308, `https://${NAME}${path}`]);
  }
});

test('what names no host, or no plain file, is refused', async (t) => {
  const { port, asked } = await givenEdge(t);
  for (const host of [
    '',
    '127.0.0.1',
    '[::1]',
    'localhost',
    'a b',
    '*.example.com',
    'a.example.com@evil.test',
  ])
    assert.equal((await ask(port, PATH, { host })).status, 400, host);
  for (const path of ['/', '/a/b', '/..', '/%2e%2e', '/a%00', `/${'x'.repeat(300)}`])
    assert.equal((await ask(port, `/.well-known/acme-challenge${path}`)).status, 404, path);
  assert.equal((await ask(port, PATH, { method: 'POST' })).status, 405);
  assert.deepEqual(asked, []);
});

test('a service that cannot be asked is a 503, which a CA asks again', async (t) => {
  const { port, pull } = await givenEdge(t);
  await pull.close();
  assert.equal((await ask(port, PATH)).status, 503);
});

test('bytes that are no HTTP end their connection and nothing else', async (t) => {
  const { port, files } = await givenEdge(t);
  files.set(`http://${NAME}${PATH}`, 'token');
  const socket = connect(port, '127.0.0.1');
  socket.end('\u0016\u0003\u0001 no http\r\n\r\n').resume();
  await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  assert.equal((await ask(port, PATH)).status, 200);
});
