import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { givenServedName, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import { givenFolder, quiet, until } from '../../../test/support/edge/given-service.ts';
import { AccessLog, openAccessLog } from './access-log.ts';

const here = { address: '127.0.0.1', port: 1 };
const ENDED = {
  client: here,
  outcome: 'not_tls',
  name: undefined,
  shaken: undefined,
  algorithm: undefined,
  bytesIn: 1,
  bytesOut: 2,
  seconds: 0.12345,
};

/** One request; the ticket of its session. */
async function ask(port: number, session?: Buffer): Promise<Buffer | undefined> {
  const client = await shaken(port, { ALPNProtocols: ['http/1.1'], ...(session && { session }) });
  let ticket: Buffer | undefined;
  client.on('session', (one) => {
    ticket = one;
  });
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(client.resume(), 'close');
  return ticket;
}

test('each connection that is over has its line, with what was shaken hands on or why not', async (t) => {
  const path = join(givenFolder(t), 'access.log');
  const { row, bundled } = await givenServedName(t, undefined, {
    accessLog: openAccessLog(path, 100, quiet()),
  });
  await ask(row.port, await ask(row.port));
  await once(
    (await shaken(row.port, { sigalgs: 'rsa_pss_rsae_sha256', maxVersion: 'TLSv1.2' })).resume().end(),
    'close',
  );
  await assert.rejects(shaken(row.port, { servername: 'other.example.com' }));
  const noise = connect(row.port, '127.0.0.1').on('error', () => undefined);
  await once(noise.end('GET / HTTP/1.1\r\n\r\n').resume(), 'close');
  await until(() => bundled.stats().connections === 0);
  assert.deepEqual(bundled.stats().accessLog, { lines: 5, dropped: 0 });
  await bundled.close();
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const seen = lines.map(({ name, outcome, version, algorithm, resumed }) => [
    name,
    outcome,
    version,
    algorithm,
    resumed,
  ]);
  assert.deepEqual(seen, [
    [NAME, 'served', 'TLSv1.3', 'ecdsa', false],
    [NAME, 'served', 'TLSv1.3', undefined, true],
    [NAME, 'served', 'TLSv1.2', 'rsa', false],
    ['other.example.com', 'unknown_name', undefined, undefined, undefined],
    [undefined, 'not_tls', undefined, undefined, undefined],
  ]);
  const [first] = lines;
  assert.deepEqual(
    [first.client, first.alpn, first.cipher],
    ['127.0.0.1', 'http/1.1', 'TLS_AES_128_GCM_SHA256'],
  );
  assert.ok(
    first.bytes_in > 300 && first.bytes_out > 500 && first.duration_s < 5 && Date.parse(first.time) > 0,
  );
});

test('no more lines than are allowed a second are written, the others are counted', async () => {
  const out = new PassThrough();
  const log = new AccessLog({ open: () => out, perSecond: 10, log: quiet() });
  for (let i = 0; i < 1_000; i++) log.write(ENDED);
  const { lines, dropped } = log.counts;
  assert.equal(lines + dropped, 1_000);
  assert.ok(lines === 10 || lines === 20, `${lines}: one second, or the turn of two`);
});

test('nobody waits for whoever does not read: lines are dropped once too much waits', () => {
  const stuck = new Writable({ write: () => undefined });
  const log = new AccessLog({ open: () => stuck, perSecond: 1_000_000, log: quiet() });
  for (let i = 0; i < 60_000; i++) log.write(ENDED);
  assert.ok(log.counts.dropped > 1_000);
  assert.ok(stuck.writableLength < 4_200_000);
});

test('a disk that takes nothing ends no edge, and the log goes on once it takes something again', async () => {
  const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no space left')) });
  const taking = new PassThrough();
  const outs = [failing, taking];
  const open = () => outs.shift() ?? assert.fail('opened twice');
  const log = new AccessLog({ open, perSecond: 1_000, log: quiet(), rest: 0.01 });
  const failed = new Promise((resolve) => failing.once('close', resolve));
  log.write(ENDED);
  await failed;
  log.write(ENDED);
  assert.deepEqual(log.counts, { lines: 1, dropped: 1 });
  await until(() => outs.length === 0);
  log.write(ENDED);
  assert.equal(JSON.parse(`${taking.read()}`).outcome, 'not_tls');
  await log.close();
});

const linesOf = (file: string): number =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;

test('a log that was moved away is written on at its path, and no line is lost', async (t) => {
  const path = join(givenFolder(t), 'access.log');
  const log = openAccessLog(path, 1_000_000, quiet(), 0.05);
  log.write(ENDED);
  await until(() => linesOf(path) === 1);
  renameSync(path, `${path}.1`);
  for (let i = 0; i < 100; i++) log.write(ENDED);
  await until(() => {
    log.write(ENDED);
    return linesOf(path) > 0;
  });
  await log.close();
  const { lines, dropped } = log.counts;
  assert.deepEqual([linesOf(`${path}.1`) + linesOf(path), dropped], [lines, 0]);
});

test('where nothing can be opened at its path a log that was moved away goes on where it is, until it can', async (t) => {
  const path = join(givenFolder(t), 'access.log');
  const log = openAccessLog(path, 1_000_000, quiet(), 0.05);
  log.write(ENDED);
  await until(() => linesOf(path) === 1);
  renameSync(path, `${path}.1`);
  mkdirSync(path);
  await delay(300);
  log.write(ENDED);
  await until(() => linesOf(`${path}.1`) === 2);
  rmdirSync(path);
  await until(() => {
    log.write(ENDED);
    return linesOf(path) > 0;
  });
  await log.close();
  assert.equal(log.counts.dropped, 0);
});
