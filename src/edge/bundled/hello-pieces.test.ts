/** Hellos as browsers send them now: with a post-quantum key share they fill more than one packet (RFC 8446 5.1; X25519MLKEM768). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { givenPort, givenServedName, helloFrom, NAME } from '../../../test/support/edge/given-edge.ts';
import { readClientHello } from './client-hello.ts';

const POST_QUANTUM = { servername: NAME, ecdhCurve: 'X25519MLKEM768' } as const;

test('a hello with a post-quantum key share is read whole, and wherever it is cut needs more', async () => {
  const hello = await helloFrom(POST_QUANTUM);
  assert.ok(hello.length > 1_400, `${hello.length} bytes`);
  assert.deepEqual(readClientHello(hello), { serverName: NAME });
  for (let end = 0; end < hello.length; end++)
    assert.equal(readClientHello(hello.subarray(0, end)), 'need more', `${end} bytes`);
  for (const size of [30, 100, 517, 1_400]) {
    const records = inRecords(hello, size);
    assert.deepEqual(readClientHello(records), { serverName: NAME }, `records of ${size}`);
    assert.equal(readClientHello(records.subarray(0, -1)), 'need more');
  }
});

/** The message of a hello in records of `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const count = Math.ceil(message.length / size);
  const records = Array.from({ length: count }, (_, i) => {
    const part = message.subarray(i * size, (i + 1) * size);
    return [Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part];
  });
  return Buffer.concat(records.flat());
}

/** Passes a client's first bytes on to `port` by `send`, and the others as they are. */
async function givenRelay(
  t: TestContext,
  port: number,
  send: (hello: Buffer, edge: Socket) => Promise<void>,
) {
  const relay = createServer({ noDelay: true }, (client) => {
    const edge = connect({ port, host: '127.0.0.1', noDelay: true });
    client
      .on('error', () => undefined)
      .once('data', (hello: Buffer) => {
        client.pause();
        void send(hello, edge).then(() => client.pipe(edge));
      });
    edge.on('error', () => undefined).pipe(client);
  });
  t.after(() => void relay.close());
  return givenPort(relay);
}

const apart = async (parts: readonly Buffer[], edge: Socket) => {
  for (const part of parts) {
    edge.write(part);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** Ways in which one hello may come. */
const WAYS: Readonly<Record<string, (hello: Buffer) => readonly Buffer[]>> = {
  'in two packets': (hello) => [hello.subarray(0, 1_400), hello.subarray(1_400)],
  'cut within its record’s head': (hello) => [hello.subarray(0, 3), hello.subarray(3)],
  'in packets of 100 bytes': (hello) =>
    Array.from({ length: Math.ceil(hello.length / 100) }, (_, i) => hello.subarray(i * 100, (i + 1) * 100)),
};

for (const [way, parts] of Object.entries(WAYS))
  test(`hands are shaken over X25519MLKEM768 when the hello comes ${way}`, async (t) => {
    const { row } = await givenServedName(t);
    const port = await givenRelay(t, row.port, (hello, edge) => apart(parts(hello), edge));
    const client = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...POST_QUANTUM });
    t.after(() => void client.destroy());
    await once(client, 'secureConnect', { signal: AbortSignal.timeout(5_000) });
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(Buffer.concat(await client.toArray()).toString(), new RegExp(`${NAME}$`));
  });

test('a hello in several records gets the edge’s answer, its name found across them', async (t) => {
  const { row } = await givenServedName(t);
  for (const size of [60, 700]) {
    const socket = connect({ port: row.port, host: '127.0.0.1', noDelay: true });
    t.after(() => void socket.destroy());
    await apart([inRecords(await helloFrom(POST_QUANTUM), size)], socket);
    const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(5_000) });
    assert.equal(answer[0], 22, `records of ${size}: a handshake record`);
  }
});

test('a name keeps its meaning with a final dot and in any case, and with underscores', async () => {
  for (const name of ['WWW.Example.COM.', 'a_b.example.com', '_x.EXAMPLE.com.']) {
    const hello = await helloFrom({ ...POST_QUANTUM, servername: name });
    assert.deepEqual(readClientHello(inRecords(hello, 700)), {
      serverName: name.toLowerCase().replace(/\.$/, ''),
    });
  }
});
