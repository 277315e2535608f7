/** What no route ever sees is refused in the envelope too, with an id that the log has. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { startApi, type TestApi } from '../support/api.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
before(async () => {
  api = await startApi(ends);
});
after(() => ends.disposeAsync());

/** All that the API answers to these bytes until it ends the connection. */
async function answerTo(bytes: string): Promise<string> {
  const { port } = new URL(api.url);
  const socket = connect({ port: Number(port), host: '127.0.0.1', timeout: 10_000 });
  socket.on('timeout', () => socket.destroy(new Error('no end of the answer')));
  socket.write(bytes);
  return text(socket);
}

const LARGE = 3 * 1024 * 1024;
const END = 'connection: close\r\n\r\n';

for (const [what, bytes, status] of [
  ['bytes that are no HTTP', 'hello\r\n\r\n', 400],
  ['a request of HTTP/1.1 without Host', `GET /client/v4/zones HTTP/1.1\r\n${END}`, 400],
  [
    'an expectation that nobody knows',
    `GET /client/v4/zones HTTP/1.1\r\nhost: a\r\nexpect: weird\r\n${END}`,
    417,
  ],
  ['a request to a proxy', `CONNECT a:443 HTTP/1.1\r\nhost: a\r\n${END}`, 405],
  ['a head that is too large', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n${END}`, 431],
] as const) {
  it(`${what} gets ${status} in the envelope, with an id`, async () => {
    const answer = await answerTo(bytes);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, /\r\nx-request-id: [0-9a-f]{32}\r\n/i);
    const { success, errors }: { success: boolean; errors: { code: number; message: string }[] } = JSON.parse(
      answer.slice(answer.indexOf('\r\n\r\n')),
    );
    assert.deepEqual([success, errors[0]?.code], [false, 1400]);
    assert.match(errors[0]?.message ?? '', /^.{10,}$/);
  });
}

it('a body that is too large is refused before it is sent, to who asks first', async () => {
  const head = `POST /client/v4/zones HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n`;
  const answer = await answerTo(`${head}content-length: ${LARGE}\r\n${END}`);
  assert.doesNotMatch(answer, /100 Continue/);
  assert.match(answer, /^HTTP\/1\.1 4\d\d /);
  const small = await answerTo(`${head}content-length: 2\r\n${END}{}`);
  assert.match(small, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 401 /);
});

it('a host that is none leads to no page of ours', async () => {
  const answer = await answerTo(`GET /client/v4/zones HTTP/1.1\r\nhost: evil"><script>\r\n${END}`);
  assert.match(answer, /^HTTP\/1\.1 401 /);
  assert.doesNotMatch(answer, /script|documentation_url/);
  const good = await answerTo(`GET /client/v4/zones HTTP/1.1\r\nhost: [::1]:8787\r\n${END}`);
  assert.match(good, /"documentation_url":"http:\/\/\[::1\]:8787\/docs\/errors#not_authenticated"/);
});
