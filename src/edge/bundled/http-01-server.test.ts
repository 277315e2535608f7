import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { givenPack, givenService, quiet } from '../../../test/support/edge/given-service.ts';
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

test('everything else of a host that is served is sent to https, path and query with it', async (t) => {
  const { port, packs } = await givenEdge(t);
  packs.set(NAME, await givenPack([NAME]));
  for (const path of ['/', '/a/b?c=d&e', '/.well-known/security.txt']) {
    const { status, location } = await ask(port, path);
    assert.deepEqual([status, location], [308, `https://${NAME}${path}`]);
  }
});

test('nobody is sent to a host that is not served, and the file of one whose pack is to come is given', async (t) => {
  const { port, packs, files, pull } = await givenEdge(t);
  packs.set('*.wild.example.com', await givenPack(['*.wild.example.com']));
  files.set(`http://new.example.com${PATH}`, 'token');
  for (const host of ['new.example.com', 'wild.example.com', 'a.b.wild.example.com', 'evil.test']) {
    const { status, location } = await ask(port, '/', { host });
    assert.deepEqual([status, location], [421, undefined], host);
  }
  assert.equal((await ask(port, PATH, { host: 'new.example.com' })).status, 200);
  assert.equal((await ask(port, '/', { host: 'any.wild.example.com' })).status, 308);
  await pull.close();
  assert.equal((await ask(port, '/', { host: 'cold.example.com' })).status, 503);
});

/** The status and the location of what is sent back to bytes. */
async function send(port: number, bytes: string): Promise<(string | undefined)[]> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(Buffer.from(bytes, 'latin1'));
  const text = Buffer.concat(await socket.toArray({ signal: AbortSignal.timeout(10_000) })).toString(
    'latin1',
  );
  return [/^HTTP\/1\.1 (\d+)/.exec(text)?.[1], /^location: (.*)\r$/im.exec(text)?.[1]];
}

const REQUESTS: readonly (readonly [head: string, status: string, location?: string])[] = [
  ['GET / HTTP/1.1\r\nHost: A.Example.COM.', '308', `https://${NAME}/`],
  ['GET / HTTP/1.1\r\nHost: a.example.com.:80', '308', `https://${NAME}/`],
  ['GET / HTTP/1.1\r\nHost: a.example.com:', '308', `https://${NAME}/`],
  ['GET / HTTP/1.1\r\nHost: a_b.wild.example.com', '308', 'https://a_b.wild.example.com/'],
  ['GET / HTTP/1.0\r\nHost: a.example.com', '308', `https://${NAME}/`],
  ['HEAD /x HTTP/1.1\r\nHost: a.example.com', '308', `https://${NAME}/x`],
  ['GET http://a.example.com/x?y HTTP/1.1\r\nHost: evil.test', '308', `https://${NAME}/x?y`],
  ['GET HTTP://A.EXAMPLE.COM.:80?y HTTP/1.1\r\nHost: a.example.com', '308', `https://${NAME}/?y`],
  ['GET http://a.example.com HTTP/1.0', '308', `https://${NAME}/`],
  ['GET //evil.test/x HTTP/1.1\r\nHost: a.example.com', '308', `https://${NAME}//evil.test/x`],
  ['GET /\\evil.test HTTP/1.1\r\nHost: a.example.com', '308', `https://${NAME}/%5Cevil.test`],
  ['GET /@evil.test HTTP/1.1\r\nHost: a.example.com', '308', `https://${NAME}/@evil.test`],
  ['GET /%0d%0aX:%20y HTTP/1.1\r\nHost: a.example.com', '308', `https://${NAME}/%0d%0aX:%20y`],
  ['GET /100%?q=5%&r=%zz HTTP/1.1\r\nHost: a.example.com', '308', `https://${NAME}/100%25?q=5%25&r=%25zz`],
  [
    'GET /a|b?[c]={d}^`"<>\\?e HTTP/1.1\r\nHost: a.example.com',
    '308',
    `https://${NAME}/a%7Cb?%5Bc%5D=%7Bd%7D%5E%60%22%3C%3E%5C?e`,
  ],
  ['GET /b\u00c3\u00bccher HTTP/1.1\r\nHost: a.example.com', '400'],
  [`GET /${'%'.repeat(4_000)} HTTP/1.1\r\nHost: a.example.com`, '414'],
  ['GET / HTTP/1.1\r\nHost: a.example.com\r\nHost: a.example.com', '400'],
  ['GET / HTTP/1.1\r\nHost: a.example.com\r\nHost: evil.test', '400'],
  ['GET / HTTP/1.1\r\nHost: a.example.com, evil.test', '400'],
  ['GET / HTTP/1.1\r\nHost: a.example.com..', '400'],
  ['GET / HTTP/1.1\r\nHost: .a.example.com', '400'],
  ['GET / HTTP/1.1\r\nHost: a.example.com:80:80', '400'],
  ['GET / HTTP/1.1\r\nHost: a.example.com:65536', '400'],
  ['GET / HTTP/1.1\r\nHost: a.example.com:8o', '400'],
  ['GET / HTTP/1.1\r\nHost: user@a.example.com', '400'],
  ['GET / HTTP/1.1\r\nHost: a.example.com/evil', '400'],
  ['GET / HTTP/1.1\r\nHost: a.example.com\\.evil.test', '400'],
  ['GET / HTTP/1.1\r\nHost: a%2eexample.com', '400'],
  ['GET / HTTP/1.1\r\nHost: a.example.com#evil.test', '400'],
  ['GET / HTTP/1.1\r\nHost: b\u00c3\u00bccher.example.com', '400'],
  ['GET / HTTP/1.1\r\nHost: 127.0.0.1:80', '400'],
  ['GET / HTTP/1.1\r\nHost: 127.0.0.1.', '400'],
  ['GET / HTTP/1.1\r\nHost: 0x7f.0.0.0x1', '400'],
  ['GET / HTTP/1.1\r\nHost: [::1]:80', '400'],
  [`GET / HTTP/1.1\r\nHost: ${'a.'.repeat(130)}example.com`, '400'],
  [`GET / HTTP/1.1\r\nHost: ${'a'.repeat(64)}.example.com`, '400'],
  ['GET / HTTP/1.1', '400'],
  ['GET / HTTP/1.1\r\nHost:', '400'],
  ['GET / HTTP/1.0', '400'],
  ['GET http://user:x@a.example.com/ HTTP/1.1\r\nHost: a.example.com', '400'],
  ['GET http://a.example.com\\@evil.test/ HTTP/1.1\r\nHost: a.example.com', '400'],
  ['GET http://a.example.com#@evil.test/ HTTP/1.1\r\nHost: a.example.com', '400'],
  ['GET http://a.example.com/ HTTP/1.1\r\nHost: a b', '400'],
  ['GET https://a.example.com/ HTTP/1.1\r\nHost: a.example.com', '400'],
  ['GET ftp://a.example.com/ HTTP/1.1\r\nHost: a.example.com', '400'],
  ['GET a.example.com HTTP/1.1\r\nHost: a.example.com', '400'],
  ['GET http://evil.test/ HTTP/1.1\r\nHost: a.example.com', '421'],
  ['OPTIONS * HTTP/1.1\r\nHost: a.example.com', '400'],
  ['DELETE / HTTP/1.1\r\nHost: a.example.com', '405'],
];

test('a request is sent to nothing but its own host at https, by a URL that is one', async (t) => {
  const { port, packs } = await givenEdge(t);
  packs.set(NAME, await givenPack([NAME]));
  packs.set('*.wild.example.com', await givenPack(['*.wild.example.com']));
  for (const [head, status, location] of REQUESTS) {
    assert.deepEqual(await send(port, `${head}\r\n\r\n`), [status, location], head.slice(0, 120));
    if (location === undefined) continue;
    assert.match(location, /^(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9a-f]{2})+$/i);
    assert.match(new URL(location).host, /^[^.]+\.(?:wild\.)?example\.com$/);
  }
});

test('who is slow to ask makes room for those who come', async (t) => {
  const { port, files } = await givenEdge(t);
  files.set(`http://${NAME}${PATH}`, 'token');
  const slow = Array.from({ length: 1_100 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.after(() => slow.map((socket) => socket.destroy()));
  const signal = AbortSignal.timeout(5_000);
  const closed = slow.slice(0, 50).map((socket) => once(socket.resume(), 'close', { signal }));
  for (const socket of slow) socket.write('GET / HT');
  await Promise.all(closed);
  assert.equal((await ask(port, PATH)).status, 200);
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
