/** The terminator under clients that flood it, and when it stands still. */
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { connect, type SecureContextOptions } from 'node:tls';
import { builtTerminator, keylessNeeds } from '../../test/support/keyless.ts';
import { type Made, make } from '../../test/support/pki.ts';
import { newLog } from '../kit/log.ts';
import { type RemoteContext, Terminator } from './terminator.ts';
import type { RemoteLimits } from './told.ts';

const needs = keylessNeeds();
const ends = new AsyncDisposableStack();
let program: string;
let made: Made;
before(async () => {
  if (needs.skip !== false) return;
  program = await builtTerminator();
  made = await make(new Date(), { hosts: ['shop.test'] });
});
after(() => ends.disposeAsync());

type Signature = (content: Buffer) => Promise<Buffer>;
const signs: Signature = async (content) => sign('sha256', content, made.key);

/** A port where a terminator shakes hands, and how its connections ended. */
async function given(
  signature: Signature,
  limits?: RemoteLimits,
  from = program,
): Promise<{ port: number; ends: string[] }> {
  const terminator = new Terminator({ program: from, log: newLog('silent'), patience: 0.5 });
  const context: RemoteContext = {
    pairs: [{ chain: made.pem, key: undefined }],
    signer: { sign: (_scheme, content) => signature(content) },
    limits,
    terminator,
  };
  const ended: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const client = terminator.accept(socket, context);
    client.on('error', (error) => ended.push(error.message));
    client.once('secure', () => client.end('hello'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.defer(() => {
    terminator.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert(address && typeof address === 'object');
  return { port: address.port, ends: ended };
}

/** What a client reads; undefined: its handshake failed, or took more than two seconds. */
function read(port: number, options: SecureContextOptions = {}): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const to = { host: '127.0.0.1', port, servername: 'shop.test', rejectUnauthorized: false };
  const socket = connect({ ...to, ...options });
  socket.on('data', (bytes) => resolve(bytes.toString()));
  socket.on('error', () => resolve(undefined));
  socket.setTimeout(2_000, () => {
    resolve(undefined);
    socket.destroy();
  });
  return promise.finally(() => socket.destroy());
}

/** The program that runs as a child of this process. */
function running(): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.filter((pid) => {
    try {
      const isOurs = readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${process.pid}\n`);
      return isOurs && readlinkSync(`/proc/${pid}/exe`) === program;
    } catch {
      return false;
    }
  });
  assert.equal(found.length, 1);
  return Number(found[0]);
}

test('a terminator that was stopped is ended and begun again, by clients alone', needs, async () => {
  const { port } = await given(signs);
  assert.equal(await read(port), 'hello');
  const first = running();
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  process.kill(first, 'SIGSTOP');
  const begun = performance.now();
  let answer: string | undefined;
  while (answer === undefined && performance.now() - begun < 15_000) answer = await read(port);
  assert.equal(answer, 'hello');
  assert.notEqual(running(), first);
  process.kill(running(), 'SIGKILL');
});

test('versions and suites are within the limits of a context', needs, async () => {
  const [suite, other] = ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256'];
  const [latest, earlier] = await Promise.all([
    given(signs, { isLatest: true, isEarlier: false, suites: [] }),
    given(signs, { isLatest: false, isEarlier: true, suites: [suite] }),
  ]);
  const [v12, v13] = [{ maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3' }] as const;
  assert.deepEqual([await read(latest.port, v12), await read(latest.port, v13)], [undefined, 'hello']);
  assert.deepEqual([await read(earlier.port, v12), await read(earlier.port, v13)], ['hello', undefined]);
  assert.equal(await read(earlier.port, { ...v12, ciphers: other }), undefined);
});

/** Sends as much as is taken. */
function floodBy(socket: Socket): void {
  while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
  socket.once('drain', () => floodBy(socket));
}

test('a client that sends on while its signature is awaited is ended at 128 KiB', needs, async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { port, ends: ended } = await given(() => {
    resolve();
    return new Promise(() => {});
  });
  const relay = createServer((client) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.on('error', () => undefined);
    client.on('error', () => undefined);
    client.pipe(socket);
    const flood = async () => {
      await asked;
      client.unpipe(socket);
      floodBy(socket);
    };
    void flood();
    socket.on('close', () => client.destroy());
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  ends.defer(() => void relay.close());
  const address = relay.address();
  assert(address && typeof address === 'object');
  assert.equal(await read(address.port), undefined);
  assert.deepEqual(ended, ['TLS failed: too much data']);
});

test('a program that was not built with this version is told no more, and serves nobody', needs, async () => {
  // It sends back what it is told, as one does that says no version.
  const { port, ends: ended } = await given(signs, undefined, '/bin/cat');
  assert.equal(await read(port), undefined);
  assert.equal(await read(port), undefined);
  assert.deepEqual(ended, ['TLS failed: key unreachable', 'TLS failed: key unreachable']);
});
