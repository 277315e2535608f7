import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pino } from 'pino';
import {
  givenFolder,
  givenPack,
  givenService,
  quiet,
  until,
} from '../../../test/support/edge/given-service.ts';
import { Fault } from '../../kit/fault.ts';
import type { PullSource } from '../edge.ts';
import { startPull } from './pull.ts';

const source: PullSource = { packFor: async () => undefined, fileFor: async () => undefined };

async function ask(socketPath: string, path: string): Promise<{ status: number | undefined; body: string }> {
  const request = get({ socketPath, path, agent: false, signal: AbortSignal.timeout(5_000) });
  const [response]: IncomingMessage[] = await once(request, 'response');
  assert.ok(response);
  return { status: response.statusCode, body: Buffer.concat(await response.toArray()).toString() };
}

/** Follows the changes of an environment; the lines so far. */
async function follow(socketPath: string, environment: string) {
  const lines: string[] = [];
  const request = get({ socketPath, path: `/v1/changes?environment=${environment}`, agent: false });
  const [response]: IncomingMessage[] = await once(request, 'response');
  assert.ok(response);
  response.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trimEnd().split('\n')));
  response.on('error', () => undefined);
  await until(() => lines.length > 0);
  return { response, lines, changes: () => lines.filter((line) => line.includes('hosts')) };
}

test('the pack of a name is handed out, another name gets 404', async (t) => {
  const { path, packs } = await givenService(t);
  const pack = await givenPack(['a.example.com']);
  packs.set('a.example.com', pack);
  const found = await ask(path, '/v1/certificates?name=a.example.com&environment=production');
  assert.deepEqual([found.status, JSON.parse(found.body)], [200, pack]);
  const absent = await ask(path, '/v1/certificates?name=b.example.com&environment=production');
  assert.deepEqual(absent, { status: 404, body: '{}' });
});

test('what is no host name, environment or route never reaches the source', async (t) => {
  const { path, asked } = await givenService(t);
  const names = [
    '',
    '..%2Fetc',
    'A.example.com',
    '*.example.com',
    '127.0.0.1',
    "a'--.example.com",
    'a.b%00.com',
  ];
  for (const name of names) {
    const { status } = await ask(path, `/v1/certificates?name=${name}&environment=production`);
    assert.equal(status, 400, name);
  }
  assert.equal((await ask(path, '/v1/certificates?name=a.example.com&environment=prod')).status, 400);
  assert.equal((await ask(path, '/v1/certificates?name=a.example.com')).status, 400);
  assert.equal((await ask(path, '/client/v4?environment=production')).status, 404);
  assert.equal((await ask(path, '//')).status, 400);
  assert.deepEqual(asked, []);
});

test('the folder and the socket are for this user alone', async (t) => {
  const path = join(givenFolder(t), 'made', 'pull.sock');
  await givenService(t, path);
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('the socket file goes with the listener', async (t) => {
  const path = join(givenFolder(t), 'pull.sock');
  const pull = await startPull({ path, source, log: quiet() });
  await pull.close();
  assert.equal(existsSync(path), false);
});

test('a socket that a killed process left is replaced, that of a live one is refused', async (t) => {
  const path = join(givenFolder(t), 'pull.sock');
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const other = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => other.kill('SIGKILL'));
  await once(other.stdout, 'data');
  await assert.rejects(startPull({ path, source, log: quiet() }), /another process listens/);
  other.kill('SIGKILL');
  await once(other, 'exit');
  assert.equal(existsSync(path), true);
  const { asked } = await givenService(t, path);
  assert.equal((await ask(path, '/v1/certificates?name=a.example.com&environment=staging')).status, 404);
  assert.deepEqual(asked, ['a.example.com']);
});

test('paths that are none for a private socket are refused, and nothing is removed', async (t) => {
  const folder = givenFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, 'mine');
  const open = join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o755);
  const paths = [
    '0',
    '127.0.0.1:80',
    '\0abstract',
    join(folder, 'x'.repeat(110)),
    file,
    join(open, 'pull.sock'),
  ];
  for (const path of paths) {
    const start = startPull({ path, source, log: quiet() });
    await assert.rejects(start, (error) => error instanceof Fault && error.fault === 'configuration', path);
  }
  assert.equal(existsSync(file), true);
});

test('an edge is told of the changes of its environment, those of one moment in one line', async (t) => {
  const { path, pull } = await givenService(t);
  const production = await follow(path, 'production');
  const staging = await follow(path, 'staging');
  assert.equal(production.lines[0], '{"hello":true}');
  pull.push({ environment: 'production', hosts: ['a.example.com', '*.example.com'] });
  pull.push({ environment: 'staging', hosts: ['s.example.com'] });
  pull.push({ environment: 'production', hosts: ['b.example.com', 'a.example.com'] });
  await until(() => production.changes().length > 0 && staging.changes().length > 0);
  await until(() => staging.lines.includes('{"heartbeat":true}'));
  const hosts = ['a.example.com', '*.example.com', 'b.example.com'];
  assert.deepEqual(
    production.changes().map((line) => JSON.parse(line)),
    [{ environment: 'production', hosts }],
  );
  assert.equal(staging.changes().length, 1);
});

test('a reader that does not read is cut off, the others are told on', async (t) => {
  const { path, pull } = await givenService(t);
  const slow = connect({ path }).on('error', () => undefined);
  slow.write('GET /v1/changes?environment=production HTTP/1.1\r\nHost: pull\r\n\r\n');
  await once(slow, 'readable');
  const quick = await follow(path, 'production');
  const hosts = Array.from({ length: 1_000 }, (_, i) => `host-number-${i}.a-long-name.example.com`);
  for (let i = 0; i < 100; i++) {
    pull.push({ environment: 'production', hosts: hosts.map((host) => `${i}.${host}`) });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const closed = once(slow, 'close');
  slow.resume();
  await closed;
  await until(() => quick.changes().length === 100);
  assert.equal(quick.response.destroyed, false);
  quick.response.destroy();
});

test('a source that fails answers 503, and neither the answer nor the log has its words', async (t) => {
  const path = join(givenFolder(t), 'pull.sock');
  let logged = '';
  const log = pino(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        logged += chunk.toString();
        done();
      },
    }),
  );
  const words = '-----BEGIN PRIVATE KEY----- secret';
  const fails = () => Promise.reject(new Fault('database_unavailable', words));
  const failing: PullSource = { packFor: fails, fileFor: fails };
  const pull = await startPull({ path, source: failing, log });
  t.after(() => pull.close());
  const { status, body } = await ask(path, '/v1/certificates?name=a.example.com&environment=production');
  assert.deepEqual([status, body], [503, '{}']);
  assert.match(logged, /database_unavailable/);
  assert.doesNotMatch(logged, /secret|PRIVATE/);
});
