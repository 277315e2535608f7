/** The events of an account as they happen: each once, whatever goes away in between. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import Fastify from 'fastify';
import { eventStreamRoute } from '../../src/api/event-stream/event-stream.ts';
import { replyFaults } from '../../src/api/http/envelope.ts';
import { days } from '../../src/kit/time.ts';
import { hashOf } from '../../src/store/tokens.ts';
import { apiOn, givenAccount, startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { EventClient } from '../support/event-stream.ts';
import { givenPack } from '../support/job-deps.ts';
import { moveOn } from '../support/moving.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
/** Another process on the same database, as far as streams are concerned. */
let other: TestApi;
let account: TestAccount;
before(async () => {
  api = await startApi(ends);
  other = await apiOn(ends, api.jobs);
  account = await givenAccount(api.jobs, ['one.test', 'two.test']);
});
after(() => ends.disposeAsync());

/** Waits until all that was done before is told: transactions in other databases of the server hold it up. */
async function allIsTold(): Promise<void> {
  await using client = await open();
  await client.untilTold(await givenPack(api.jobs, zoneAt(0)));
}
beforeEach(allIsTold);

const zoneAt = (i: number) => account.zones[i] ?? assert.fail();
const open = (lastId?: string, { url } = api, token = account.token) =>
  EventClient.open(url, { accountId: account.id, token, lastId });
const refused = async (
  lastId: string | undefined,
  { token = account.token, of = account.id, url = api.url } = {},
) => {
  const answer = await fetch(`${url}/accounts/${of}/ssl/certificate_packs/events`, {
    headers: { authorization: `Bearer ${token}`, ...(lastId !== undefined && { 'last-event-id': lastId }) },
    signal: AbortSignal.timeout(10_000),
  });
  const { errors }: { errors: { code: number; message: string; source?: { pointer: string } }[] } =
    JSON.parse(await answer.text());
  return { status: answer.status, ...errors[0] };
};

test('tells what happens from then on, in every zone of the account, as the events of the pack are told', async () => {
  const older = await givenPack(api.jobs, zoneAt(0));
  await allIsTold();
  const client = await open();
  const packs = [await givenPack(api.jobs, zoneAt(0)), await givenPack(api.jobs, zoneAt(1))];
  const stranger = await givenAccount(api.jobs, ['stranger.test']);
  await givenPack(api.jobs, stranger.zones[0] ?? assert.fail());
  await moveOn(api.jobs, packs[0] ?? '');
  await moveOn(api.jobs, older);
  const events = await client.until(4);
  await client.close();
  assert.deepEqual(
    events.map((one) => [one.certificate_pack_id, one.cause]),
    [
      [packs[0], 'ordered'],
      [packs[1], 'ordered'],
      [packs[0], 'challenges_named'],
      [older, 'challenges_named'],
    ],
  );
  const listed = await api.get(
    `/zones/${zoneAt(0).id}/ssl/certificate_packs/${older}/events?per_page=1`,
    account.token,
  );
  const { result }: { result: object[] } = JSON.parse(await listed.text());
  assert.deepEqual(result, [events[3]]);
});

test('is gone on with by the last id, at any process: nothing is lost, nothing told twice', async () => {
  const first = await open();
  const told: string[] = [];
  const expected: string[] = [];
  let client = first;
  for (let round = 0; round < 4; round++) {
    const id = await givenPack(api.jobs, zoneAt(round % 2));
    for (let i = 0; i < 2; i++) await moveOn(api.jobs, id);
    expected.push(...Array.from({ length: 3 }, () => id));
    if (round % 2 === 0) await client.until(3);
    const { lastId } = client;
    await client.close();
    told.push(...client.events.map((one) => one.certificate_pack_id));
    // Meanwhile nobody listens.
    const missed = await givenPack(api.jobs, zoneAt(0));
    expected.push(missed);
    client = await open(lastId, round % 2 === 0 ? other : api);
    if (round % 2 === 0) await client.until(1);
  }
  await client.until(expected.length - told.length);
  await delay(600);
  told.push(...client.events.map((one) => one.certificate_pack_id));
  await client.close();
  assert.deepEqual(told, expected);
});

test('waits with what was committed until what began before it is over', async () => {
  const client = await open();
  const slow = await api.jobs.pool.connect();
  await slow.query('begin');
  await slow.query('select pg_current_xact_id()');
  const id = await givenPack(api.jobs, zoneAt(0));
  await delay(800);
  assert.deepEqual(client.events, []);
  await slow.query('commit');
  slow.release();
  const [event] = await client.until(1);
  assert.equal(event?.certificate_pack_id, id);
  await client.close();
});

test('a token that is limited to zones is told of these, and of no other', async () => {
  const limited = await tokenFor(api.jobs, { accountId: account.id, zones: [zoneAt(1).id] });
  const client = await open(undefined, api, limited);
  await givenPack(api.jobs, zoneAt(0));
  const mine = await givenPack(api.jobs, zoneAt(1));
  await client.until(1);
  await delay(500);
  assert.deepEqual(
    client.events.map((one) => one.certificate_pack_id),
    [mine],
  );
  await client.close();
  const stranger = await givenAccount(api.jobs, []);
  assert.equal((await refused(undefined, { token: stranger.token })).status, 403);
  assert.equal((await refused(undefined, { token: stranger.token, of: 'nonsense' })).status, 400);
  assert.equal((await refused(undefined, { token: 'cp_nobody' })).status, 401);
});

/** The stream alone, with other times. */
async function withTimes(
  t: { after(end: () => unknown): void },
  times: Parameters<typeof eventStreamRoute>[1],
  deps = api.deps,
) {
  const app = Fastify();
  t.after(() => app.close());
  replyFaults(app);
  await app.register(eventStreamRoute(deps, times));
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) };
}

test('gives a sign of life with the id to come back with, also where all that came was another’s', async (t) => {
  const { url } = await withTimes(t, { heartbeat: 0.3, patience: 60, recheck: 60 });
  const limited = await tokenFor(api.jobs, { accountId: account.id, zones: [zoneAt(1).id] });
  const client = await EventClient.open(url, { accountId: account.id, token: limited });
  await delay(200);
  await givenPack(api.jobs, zoneAt(0));
  await delay(1_200);
  const ids = client.messages.map(({ id }) => id);
  await client.close();
  assert(ids.length >= 3, `${ids.length} messages`);
  const resumed = await open(ids.at(-1), api, limited);
  await delay(500);
  assert.deepEqual(resumed.events, []);
  await resumed.close();
});

test('ends when the token is gone, and says so', async (t) => {
  const { url } = await withTimes(t, { heartbeat: 60, patience: 60, recheck: 0.3 });
  const token = await tokenFor(api.jobs, { accountId: account.id });
  const client = await EventClient.open(url, { accountId: account.id, token });
  await delay(700);
  await api.jobs.pool.query('delete from tokens where hash = $1', [hashOf(token)]);
  assert.equal(await client.ended, 'whole');
  assert.match(client.messages.at(-1)?.data ?? '', /no_access/);
});

test('ends with the service, and is gone on with elsewhere', async (t) => {
  const { app, url } = await withTimes(t, { heartbeat: 60, patience: 60, recheck: 60 });
  const client = await EventClient.open(url, { accountId: account.id, token: account.token });
  const seen = await givenPack(api.jobs, zoneAt(0));
  await client.until(1);
  const began = Date.now();
  await app.close();
  assert.equal(await client.ended, 'whole');
  assert(Date.now() - began < 3_000);
  assert.match(client.messages.at(-1)?.data ?? '', /stopping/);
  const missed = await givenPack(api.jobs, zoneAt(0));
  const resumed = await open(client.lastId);
  await resumed.until(1);
  assert.deepEqual(
    [...client.events, ...resumed.events].map((one) => one.certificate_pack_id),
    [seen, missed],
  );
  await resumed.close();
});

test('a client that takes nothing holds nothing up, piles nothing up, and is cut off', {
  timeout: 60_000,
}, async (t) => {
  const { app, url } = await withTimes(t, { heartbeat: 0.5, patience: 1.5, recheck: 60 });
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => sockets.add(socket));
  const { hostname, port } = new URL(url);
  const stuck = connect(Number(port), hostname);
  t.after(() => stuck.destroy());
  await once(stuck, 'connect');
  stuck.pause();
  stuck.on('error', () => undefined);
  stuck.write(
    `GET /accounts/${account.id}/ssl/certificate_packs/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${account.token}\r\n\r\n`,
  );
  await delay(500);
  const quick = await EventClient.open(url, { accountId: account.id, token: account.token });
  const id = await givenPack(api.jobs, zoneAt(0));
  // More than any buffer between the two takes.
  await api.jobs.pool.query(
    `insert into audit (cell, zone_id, seq, made_on, account_id, pack_id, event, actor, details)
     select cell, zone_id, 1000000 + i, made_on, account_id, pack_id, 'done', 'worker',
            json_build_object('validation_errors', json_build_array(repeat('x', 4000)))
       from audit, generate_series(1, 4000) as i where pack_id = $1`,
    [id],
  );
  let most = 0;
  const watch = setInterval(() => {
    for (const { writableLength } of sockets) most = Math.max(most, writableLength);
  }, 10);
  t.after(() => clearInterval(watch));
  await quick.until(4_001, 40_000);
  assert(most < 3 * 2 ** 20, `${most} bytes waited for a client`);
  assert.equal(new Set(quick.events.map((one) => one.id)).size, 4_001);
  await quick.close();
  const closed = once(stuck, 'close');
  await delay(4_000);
  // What it was sent before comes, and then the end that nobody asked for.
  stuck.resume();
  await Promise.race([closed, delay(5_000).then(() => assert.fail('it was not cut off'))]);
});

test('refuses an id that is not its own, is of another account, or of events that are not all there any more', async (t) => {
  const client = await open();
  await givenPack(api.jobs, zoneAt(0));
  await client.until(1);
  const { lastId = '' } = client;
  await client.close();
  const altered = `${lastId.startsWith('A') ? 'B' : 'A'}${lastId.slice(1)}`;
  for (const id of ['AAAA', 'x'.repeat(900), `${lastId}A`, altered]) {
    const { status, source } = await refused(id);
    assert.deepEqual([status, source?.pointer], [400, '/Last-Event-ID'], id);
  }
  const stranger = await givenAccount(api.jobs, []);
  assert.equal((await refused(lastId, { token: stranger.token, of: stranger.id })).status, 400);
  const { url } = await withTimes(t, undefined, { ...api.deps, auditLife: days(10) });
  api.jobs.clock.advance(days(9));
  await (await EventClient.open(url, { accountId: account.id, token: account.token, lastId })).close();
  api.jobs.clock.advance(days(2));
  const { status, code } = await refused(lastId, { url });
  assert.deepEqual([status, code], [410, 1451]);
});

test('a token has no more than ten open, and closing one makes room', async () => {
  const token = await tokenFor(api.jobs, { accountId: account.id });
  const clients = await Promise.all(Array.from({ length: 10 }, () => open(undefined, api, token)));
  const { status, message } = await refused(undefined, { token });
  assert.equal(status, 429);
  assert.match(message ?? '', /10 streams/);
  await clients[0]?.close();
  await delay(300);
  await (await open(undefined, api, token)).close();
  await Promise.all(clients.map((one) => one.close()));
});
