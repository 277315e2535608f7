import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bigZones, somePages } from '../../bench/list/pages.ts';
import { seed } from '../../bench/seed/seed.ts';
import { createToken } from '../../src/store/tokens.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { assertStored } from '../support/stored.ts';

const ends = new AsyncDisposableStack();
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
let api: TestApi;
let token: string;
let paths: string[];
before(async () => {
  api = await startApi(ends);
  ends.defer(() => agent.destroy());
  const url = urlOf(api);
  await seed({ url, packs: 4_000, zones: 40, largest: 2_500, isMixed: true }, () => undefined);
  const { rows } = await api.jobs.pool.query<{ id: string }>("select id from accounts where name = 'bench'");
  token = await createToken(
    api.jobs.pool,
    { accountId: rows[0]?.id ?? '', name: 'test', access: 'read' },
    api.jobs.clock.now(),
  );
  const zones = await bigZones(api.jobs.pool, 20);
  const filters = [
    { status: 'all', environment: undefined },
    { status: 'served', environment: undefined },
    { status: 'all', environment: 'staging' },
  ] as const;
  paths = filters.flatMap((filter) => somePages(zones, filter, 40));
});
after(() => ends.disposeAsync());

/** Where the jobs's database is. */
function urlOf({ jobs }: TestApi): string {
  const { host = '', port = 0, user = '', password, database = '' } = jobs.pool.options;
  return `postgres://${user}:${encodeURIComponent(String(password))}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}

async function open(path: string): Promise<IncomingMessage> {
  const url = new URL(path, api.url);
  const asked = request(url, { agent, headers: { authorization: `Bearer ${token}` }, timeout: 20_000 }).end();
  const [answer] = await once(asked, 'response', { signal: AbortSignal.timeout(60_000) });
  return answer;
}

const read = async (path: string): Promise<string> => (await buffer(await open(path))).toString();

test('a database that was filled is as one that grew: every pack counted, and rendered as it would be now', async () => {
  await assertStored(api.jobs.pool, { delegationZone: 'dcv.example.net' });
});

test('pages that are sent at the same time stay apart, whoever reads slowly or goes away', async () => {
  const expected = new Map<string, string>();
  for (const path of paths) expected.set(path, await read(path));
  const slow = Array.from({ length: 4 }, (_, i) =>
    readLate(Array.from({ length: 120 }, (__, j) => pick(i + j))),
  );
  const others = Array.from({ length: 600 }, async (_, i) => {
    const answer = await open(pick(i));
    if (i % 9 === 0) answer.destroy();
    else if ((await buffer(answer)).toString() !== expected.get(pick(i)))
      assert.fail(`other bytes: ${pick(i)}`);
  });
  await Promise.all(others);
  for (const [i, said] of (await Promise.all(slow)).entries()) {
    const wanted = Array.from({ length: 120 }, (_, j) => expected.get(pick(i + j)) ?? '');
    for (const [j, body] of said.entries())
      assert(body === wanted[j], `connection ${i}, answer ${j}: other bytes`);
    assert.equal(said.length, wanted.length);
  }
});

/** A path for the `i`th request. */
const pick = (i: number): string => paths[(i * 7) % paths.length] ?? '';

/** Asks for all paths on one connection without waiting, reads nothing while others do, and then all bodies. */
async function readLate(all: readonly string[]): Promise<string[]> {
  const { hostname, port } = new URL(api.url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  const head = `Host: ${hostname}\r\nAuthorization: Bearer ${token}\r\n`;
  const last = all.length - 1;
  for (const [i, path] of all.entries())
    socket.write(`GET ${path} HTTP/1.1\r\n${head}Connection: ${i === last ? 'close' : 'keep-alive'}\r\n\r\n`);
  await sleep(1_500);
  const text = (await buffer(socket)).toString();
  return text.split(/HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)+\r\n/).slice(1);
}
