/** A message goes to whom it is for, and to no private address, whatever names lead to, and whenever. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import packet from 'dns-packet';
import { SENDING } from '../../test/support/alerting.ts';
import { startReceiver } from '../../test/support/receiver.ts';
import { isAllowed } from '../dns/address.ts';
import { newAddressesOf } from './addresses.ts';
import type { ExchangeDeps } from './http-exchange.ts';
import { post } from './http-post.ts';

const { signal } = new AbortController();
const DEPS: ExchangeDeps = { ...SENDING, roots: SENDING.roots() };
const to = (url: string) => ({ url, body: '{"a":1}', headers: { 'x-one': 'two' } });

/** As in production, where loopback is nothing that may be reached. */
const STRICT: ExchangeDeps = { ...DEPS, mayReach: (address) => isAllowed(address, []) };

/** A name server that answers each question for an address with the next of those. */
async function startNames(answers: readonly (readonly string[])[]) {
  const socket = createSocket('udp4');
  const left = [...answers];
  socket.on('message', (bytes, { port, address }) => {
    const { id = 0, questions = [] } = packet.decode(bytes);
    const [question] = questions;
    const addresses = question?.type === 'A' ? (left.length > 1 ? left.shift() : left[0]) : [];
    const name = question?.name ?? '';
    const found = (addresses ?? []).map((data) => ({ type: 'A' as const, name, ttl: 0, data }));
    socket.send(packet.encode({ type: 'response', id, questions, answers: found }), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    addressesOf: newAddressesOf([`127.0.0.1:${socket.address().port}`]),
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

const PRIVATE = [
  '127.0.0.1',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '198.18.0.1',
  '192.0.0.192',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::127.0.0.1]',
  '[fe80::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[ff02::1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::a00:1]',
  '[2002:7f00:1::]',
  '[2001:db8::1]',
  '2130706433',
  '0x7f.1',
  '127.1',
  'localhost',
  'x.localhost',
  'localhost.',
];

for (const host of PRIVATE)
  test(`nothing is sent to ${host}`, async () => {
    for (const scheme of ['http', 'https']) {
      const outcome = await post(STRICT, to(`${scheme}://${host}:9/`), signal);
      assert.equal(outcome.kind, 'failed');
      assert.match(outcome.kind === 'failed' ? outcome.why : '', /which is not a public address/);
    }
  });

test('other schemes are none', async () => {
  for (const url of ['ftp://192.0.2.1/', 'file:///etc/passwd', 'unix:/x', 'nonsense'])
    assert.deepEqual(await post(DEPS, to(url), signal), {
      kind: 'failed',
      why: 'its URL is neither http nor https',
      isForGood: true,
    });
});

test('a name that leads elsewhere with the next look is looked at again each time, and one bad address bars all', async () => {
  await using receiver = await startReceiver();
  await using names = await startNames([
    ['127.0.0.1'],
    ['10.0.0.1'],
    ['127.0.0.1', '10.0.0.1'],
    ['127.0.0.1'],
  ]);
  const deps = { ...DEPS, addressesOf: names.addressesOf };
  const url = `http://hook.example.test:${receiver.port}/path?x=1`;
  assert.equal((await post(deps, to(url), signal)).kind, 'sent');
  const barred = await post(deps, to(url), signal);
  assert.match(
    JSON.stringify(barred),
    /hook\.example\.test leads to 10\.0\.0\.1, which is not a public address/,
  );
  assert.equal((await post(deps, to(url), signal)).kind, 'failed');
  assert.equal((await post(deps, to(url), signal)).kind, 'sent');
  assert.equal(receiver.received.length, 2);
  const [first] = receiver.received;
  assert.equal(first?.path, '/path?x=1');
  assert.equal(first?.headers.host, `hook.example.test:${receiver.port}`);
  assert.equal(first?.headers['x-one'], 'two');
  assert.equal(first?.body, '{"a":1}');
});

test('no redirect is followed', async () => {
  await using other = await startReceiver();
  await using receiver = await startReceiver();
  receiver.answer(() => (response) => void response.writeHead(307, { location: other.url }).end());
  const outcome = await post(DEPS, to(receiver.url), signal);
  assert.deepEqual(outcome, { kind: 'failed', why: 'it answered HTTP 307: no redirect is followed' });
  assert.equal(other.received.length, 0);
});

test('an answer without end is no matter: its status counts, and its connection goes', {
  timeout: 20_000,
}, async () => {
  await using receiver = await startReceiver();
  receiver.answer(() => (response) => {
    response.writeHead(200);
    const more = setInterval(() => response.write('x'.repeat(10_000)), 5);
    response.on('close', () => clearInterval(more));
  });
  assert.deepEqual(await post(DEPS, to(receiver.url), signal), { kind: 'sent' });
});

test('whoever does not answer is left after ten seconds', { timeout: 20_000 }, async () => {
  await using receiver = await startReceiver();
  receiver.answer(() => () => undefined);
  const began = performance.now();
  assert.deepEqual(await post(DEPS, to(receiver.url), signal), {
    kind: 'failed',
    why: 'no answer within 10 s',
  });
  assert.ok(performance.now() - began < 12_000);
});

const TWO = async () => ['127.0.0.2', '127.0.0.1'];

test('where nobody listens at the first address, the next is asked', async () => {
  await using receiver = await startReceiver();
  const deps = { ...DEPS, addressesOf: TWO, mayReach: () => true };
  assert.equal((await post(deps, to(`http://two.example.test:${receiver.port}/`), signal)).kind, 'sent');
});

test('a failure names the host, and nothing that may be secret in the path', async () => {
  const outcome = await post(DEPS, to('http://127.0.0.1:1/services/T000/SECRET'), signal);
  assert.deepEqual(outcome, { kind: 'failed', why: '127.0.0.1 cannot be reached (ECONNREFUSED)' });
});
