import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  givenFolder,
  givenPack,
  givenService,
  quiet,
  until,
} from '../../../test/support/edge/given-service.ts';
import { PullClient, type PullClientOptions } from './pull-client.ts';

interface Ending {
  after(end: () => void | Promise<void>): void;
}

function givenClient(t: Ending, path: string, options: Partial<PullClientOptions> = {}) {
  const client = new PullClient({ path, environment: 'production', log: quiet(), ...options });
  t.after(() => client.close());
  const seen: string[] = [];
  const follower = {
    live: () => seen.push('live'),
    lost: () => seen.push('lost'),
    changed: (hosts: readonly string[]) => seen.push(hosts.join(' ')),
  };
  return { client, seen, follow: () => client.follow(follower) };
}

/** A server on a unix socket that answers in its own way. */
function givenServer(t: Ending, listener: RequestListener): string {
  const path = join(givenFolder(t), 'other.sock');
  const server = createServer(listener).listen({ path });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return path;
}

test('a pack comes as the service has it, over one connection', async (t) => {
  const { path, packs } = await givenService(t);
  const { client } = givenClient(t, path);
  const pack = await givenPack(['a.example.com']);
  packs.set('a.example.com', pack);
  for (let i = 0; i < 3; i++) assert.deepEqual(await client.load('a.example.com'), pack);
  assert.equal(await client.load('b.example.com'), 'unknown');
});

test('an edge says its name where it has one, and of what it does not know nothing', async (t) => {
  const asked: (string | null)[] = [];
  const path = givenServer(t, (request, response) => {
    asked.push(new URL(request.url ?? '', 'http://pull').searchParams.get('edge'));
    response.writeHead(404).end('{}');
  });
  await givenClient(t, path, { edge: 'fra-1 & co' }).client.load('a.example.com');
  await givenClient(t, path).client.load('a.example.com');
  assert.deepEqual(asked, ['fra-1 & co', null]);
});

test('no service, a silent one and one that talks nonsense are unreachable', async (t) => {
  const absent = givenClient(t, join(givenFolder(t), 'none.sock'));
  assert.equal(await absent.client.load('a.example.com'), 'unreachable');
  const answers: RequestListener[] = [
    () => undefined,
    (_request, response) => response.end('{"packId":1}'),
    (_request, response) => response.end('{'),
    (_request, response) => response.end(`{"packId":"","hosts":[],"certificates":{}}${' '.repeat(500_000)}`),
    (_request, response) => response.writeHead(503).end('{}'),
    (_request, response) => response.destroy(),
    (_request, response) =>
      response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()),
  ];
  for (const listener of answers) {
    const { client } = givenClient(t, givenServer(t, listener), { deadline: 0.2 });
    assert.equal(await client.load('a.example.com'), 'unreachable', listener.toString());
  }
});

test('a connection that the service closes just when it is used again costs no answer', async (t) => {
  const pack = await givenPack(['a.example.com']);
  let requests = 0;
  const path = givenServer(t, (request, response) => {
    requests++;
    const isAgain = used.has(request.socket);
    used.add(request.socket);
    if (isAgain) request.socket.destroy();
    else response.end(JSON.stringify(pack));
  });
  const used = new WeakSet<Socket>();
  const { client } = givenClient(t, path);
  for (let i = 0; i < 10; i++) assert.deepEqual(await client.load('a.example.com'), pack);
  assert.ok(requests > 10);
});

test('changes are told, and a lost stream is opened again', async (t) => {
  const first = await givenService(t);
  const { seen, follow } = givenClient(t, first.path);
  follow();
  await until(() => seen.includes('live'));
  first.pull.push({ environment: 'production', hosts: ['a.example.com', '*.example.com'] });
  first.pull.push({ environment: 'staging', hosts: ['s.example.com'] });
  await until(() => seen.length > 1);
  await first.pull.close();
  await until(() => seen.includes('lost'));
  const second = await givenService(t, first.path);
  await until(() => seen.length === 4);
  second.pull.push({ environment: 'production', hosts: ['b.example.com'] });
  await until(() => seen.length === 5);
  assert.deepEqual(seen, ['live', 'a.example.com *.example.com', 'lost', 'live', 'b.example.com']);
});

test('a stream that falls silent is lost', async (t) => {
  let streams = 0;
  const path = givenServer(t, (_request, response) => {
    streams++;
    response.write('{"hello":true}\n');
  });
  const { seen, follow } = givenClient(t, path, { silence: 0.1 });
  follow();
  await until(() => streams > 1);
  assert.deepEqual(seen.slice(0, 2), ['live', 'lost']);
});

test('a line without end is not kept', async (t) => {
  let streams = 0;
  const path = givenServer(t, (_request, response) => {
    streams++;
    response.write('{"hello":true}\n');
    response.write('x'.repeat(1_500_000));
  });
  const { seen, follow } = givenClient(t, path);
  follow();
  await until(() => streams > 1);
  assert.deepEqual(seen.slice(0, 2), ['live', 'lost']);
});
