/** A client can wait for a status of a pack: answered when it is reached, wherever that happens, or at the time-out. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildApi } from '../../src/api/api.ts';
import { KeyedSignal } from '../../src/kit/keyed-signal.ts';
import { advance } from '../../src/operation/advance.ts';
import { lifeWork } from '../../src/operation/work.ts';
import type { PackEvent } from '../../src/pack/lifecycle.ts';
import type { Pack } from '../../src/pack/pack.ts';
import { transaction } from '../../src/store/store.ts';
import { createToken, hashOf } from '../../src/store/tokens.ts';
import { givenAccount, startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { givenPack, packOf } from '../support/job-deps.ts';
import { until } from '../support/world.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['waiting.test']);
});
after(() => ends.disposeAsync());

const zoneOf = () => account.zones[0] ?? assert.fail();
const pathOf = (id: string, query = '') => `/zones/${zoneOf().id}/ssl/certificate_packs/${id}${query}`;

/** Moves a pack as a worker does: of another process, unless `moves` are told. */
async function move(id: string, event: PackEvent, moves?: KeyedSignal<Pack>): Promise<void> {
  const work = lifeWork(await packOf(api.jobs, id));
  const { pack } = await transaction(api.jobs.pool, (tx) => advance(tx, api.jobs, work, { event }));
  moves?.notify(id, pack);
}

interface Answered {
  readonly status: number;
  readonly ms: number;
  readonly body: {
    readonly result: { readonly id: string; readonly status: string } | null;
    readonly errors: readonly { readonly message: string; readonly source?: { readonly pointer: string } }[];
  };
}

async function ask(path: string, { url = api.url, token = account.token } = {}): Promise<Answered> {
  const began = performance.now();
  const answer = await fetch(url + path, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()), ms: performance.now() - began };
}

/** Another process of the service on the same database. */
async function otherApi(t: TestContext, moves = new KeyedSignal<Pack>()) {
  const app = await buildApi({ ...api.deps, moves });
  t.after(() => app.close());
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  return { app, url, moves };
}

/** Resolves once somebody waits for a pack, and has looked at it. */
async function waitedFor(t: TestContext, moves: KeyedSignal<Pack>): Promise<void> {
  const listen = moves.listen.bind(moves);
  const { promise, resolve } = Promise.withResolvers<void>();
  t.mock.method(moves, 'listen', (...asked: Parameters<typeof listen>) => {
    resolve();
    return listen(...asked);
  });
  await promise;
  await delay(400);
}

it('whoever waits is answered at once when a worker of the same process tells of the pack', async (t) => {
  const { url, moves } = await otherApi(t);
  const id = await givenPack(api.jobs, zoneOf());
  const isThere = waitedFor(t, moves);
  const waiting = ask(pathOf(id, '?wait_for=pending_validation&timeout=20'), { url });
  await isThere;
  // Told, and not stored: no look at the database would end it.
  moves.notify(id, { ...(await packOf(api.jobs, id)), status: 'pending_validation' });
  const { status, ms, body } = await waiting;
  assert.deepEqual([status, body.result?.status], [200, 'initializing']);
  assert(ms < 10_000, `${ms}`);
});

it('whoever waits hears what another process did, and is answered with the ordinary body', async (t) => {
  const { url, moves } = await otherApi(t);
  const id = await givenPack(api.jobs, zoneOf());
  const isThere = waitedFor(t, moves);
  const waiting = ask(pathOf(id, '?wait_for=active,pending_validation&timeout=20'), { url });
  await isThere;
  const began = performance.now();
  await move(id, 'done');
  const answer = await waiting;
  assert(performance.now() - began < 5_000);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.result?.status, 'pending_validation');
  assert.deepEqual(answer.body, (await ask(pathOf(id))).body);
  assert((await ask(pathOf(id, '?wait_for=pending_validation'))).ms < 10_000, 'what is so already');
});

it('at the time-out the present pack is the answer, and what is over is waited for no more', async () => {
  const id = await givenPack(api.jobs, zoneOf());
  const answer = await ask(pathOf(id, '?wait_for=active&timeout=1'));
  assert.deepEqual([answer.status, answer.body.result?.status], [200, 'initializing']);
  assert(answer.ms >= 990 && answer.ms < 10_000, `${answer.ms}`);
  const settled = await givenPack(api.jobs, zoneOf(), { status: 'validation_timed_out' });
  assert((await ask(pathOf(settled, '?wait_for=settled&timeout=20'))).ms < 10_000);
  const nowhere = await ask(pathOf('00000000-0000-4000-8000-000000000000', '?wait_for=active&timeout=20'));
  assert.equal(nowhere.status, 404);
  assert(nowhere.ms < 10_000);
});

it('a pack that is removed while it is waited for is answered as one that is not there', async () => {
  const id = await givenPack(api.jobs, zoneOf());
  const waiting = ask(pathOf(id, '?wait_for=active&timeout=20'));
  await delay(100);
  await api.jobs.pool.query('delete from packs where id = $1', [id]);
  const answer = await waiting;
  assert.equal(answer.status, 404);
  assert(answer.ms < 10_000);
});

it('a wait for what a deleted pack never comes to ends when it is deleted, one for that goes on to its end', async (t) => {
  const { url } = await otherApi(t);
  for (const at of [api.url, url]) {
    const id = await givenPack(api.jobs, zoneOf());
    const waits = ['active,expired', 'deleted'].map((of) =>
      ask(pathOf(id, `?wait_for=${of}&timeout=20`), { url: at }),
    );
    await delay(300);
    await move(id, 'delete');
    const [first] = await Promise.all([waits[0], delay(1_500)]);
    assert.equal(first?.body.result?.status, 'pending_deletion');
    assert(first.ms < 5_000, `${first.ms} ms`);
    await move(id, 'done');
    assert.equal((await waits[1])?.body.result?.status, 'deleted');
  }
});

it('who asks for another’s pack in a zone of theirs ends no wait for it', async () => {
  const { zones, token } = await givenAccount(api.jobs, ['stranger-waits.test']);
  const id = await givenPack(api.jobs, zoneOf());
  const path = `/zones/${zones[0]?.id}/ssl/certificate_packs/${id}?wait_for=active&timeout=60`;
  const [own, ...others] = await Promise.all([
    ask(pathOf(id, '?wait_for=active&timeout=2')),
    ...Array.from({ length: 20 }, () => ask(path, { token })),
  ]);
  assert(own.ms > 1_900, `${own.ms} ms`);
  for (const { status, ms } of others) assert(status === 404 && ms < 4_500, `${status}, ${ms} ms`);
});

it('a token that is gone by the time of the answer is told nothing', async () => {
  const id = await givenPack(api.jobs, zoneOf());
  const token = await tokenFor(api.jobs, { accountId: account.id });
  const waiting = ask(pathOf(id, '?wait_for=active&timeout=2'), { token });
  await delay(500);
  await api.jobs.pool.query('delete from tokens where hash = $1', [hashOf(token)]);
  const { status, body } = await waiting;
  assert.deepEqual([status, body.result], [401, null]);
});

it('what is no wait is refused with a pointer to the parameter', async () => {
  const id = await givenPack(api.jobs, zoneOf());
  const cases = [
    ['wait_for=', '/wait_for'],
    ['wait_for=done', '/wait_for'],
    ['wait_for=active,', '/wait_for'],
    ['wait_for=active&wait_for=active', '/wait_for'],
    ['wait_for=active&timeout=0', '/timeout'],
    ['wait_for=active&timeout=301', '/timeout'],
    ['wait_for=active&timeout=1.5', '/timeout'],
    ['wait_for=active&timeout=1s', '/timeout'],
  ];
  for (const [query, pointer] of cases) {
    const { status, body } = await ask(pathOf(id, `?${query}`));
    assert.deepEqual([status, body.errors[0]?.source?.pointer], [400, pointer], query);
  }
  const blind = await tokenFor(api.jobs, { accountId: account.id, zones: ['0'.repeat(32)] });
  assert.equal((await ask(pathOf(id, '?wait_for=active'), { token: blind })).status, 403);
});

it('Cloudflare’s own client gets a pack as before', async () => {
  const id = await givenPack(api.jobs, zoneOf());
  const client = newClient({ apiToken: account.token, baseURL: api.url });
  assert.equal((await client.ssl.certificatePacks.get(id, { zone_id: zoneOf().id })).status, 'initializing');
});

/** Waits of one token that are under way, each on a connection of its own, which the test can cut. */
async function givenWaits(url: string, token: string, id: string, n: number) {
  const waits = Array.from({ length: n }, () =>
    request(`${url}${pathOf(id, '?wait_for=active&timeout=60')}`, {
      headers: { authorization: `Bearer ${token}` },
      agent: false,
    }),
  );
  for (const wait of waits) {
    wait.on('error', () => undefined);
    wait.end();
  }
  await Promise.all(waits.map((wait) => once(wait, 'socket')));
  return { waits, cut: () => waits.forEach((wait) => wait.destroy()) };
}

it('a token waits for a bounded number of packs, another one beside it; who breaks off makes room', async (t) => {
  const { url, moves } = await otherApi(t);
  const id = await givenPack(api.jobs, zoneOf());
  // Some more than there is room for: which of them are refused is chance.
  const { cut } = await givenWaits(url, account.token, id, 255);
  const wish = pathOf(id, '?wait_for=active&timeout=1');
  const refused = await until(
    () => ask(wish, { url }),
    ({ status }) => status === 429,
  );
  assert.match(refused.body.errors[0]?.message ?? '', /this token waits for 250 certificate packs already/);
  assert.equal((await ask(pathOf(id), { url })).status, 200, 'what does not wait is answered');
  const other = await createToken(
    api.jobs.pool,
    { accountId: account.id, name: 'other', access: 'read' },
    new Date(),
  );
  assert.equal((await ask(wish, { url, token: other })).status, 200);
  cut();
  await until(
    () => ask(wish, { url }),
    ({ status }) => status === 200,
  );
  moves.notify(id);
});

it('250 that wait hold no connection of the database, and all are answered when the pack moves', async (t) => {
  const { url, moves } = await otherApi(t);
  const id = await givenPack(api.jobs, zoneOf());
  const all = Array.from({ length: 250 }, () =>
    ask(pathOf(id, '?wait_for=pending_validation&timeout=25'), { url }),
  );
  await delay(1_500);
  const { pool } = api.jobs;
  // On a machine with much to do it takes them longer to be let in.
  await until(
    async () => pool.totalCount - pool.idleCount + pool.waitingCount,
    (held) => held <= 1,
    15,
  );
  await move(id, 'done', moves);
  for (const { body } of await Promise.all(all)) assert.equal(body.result?.status, 'pending_validation');
});

it('a process that is about to end answers whoever waits at once, with what is there', async (t) => {
  const { app, url } = await otherApi(t);
  const id = await givenPack(api.jobs, zoneOf());
  const waiting = ask(pathOf(id, '?wait_for=active&timeout=60'), { url });
  await delay(200);
  await app.close();
  const { status, ms, body } = await waiting;
  assert.deepEqual([status, body.result?.status], [200, 'initializing']);
  assert(ms < 30_000);
});

it('a database that is away meanwhile ends no wait, and the answer comes once it is back', async (t) => {
  const id = await givenPack(api.jobs, zoneOf());
  const waiting = ask(pathOf(id, '?wait_for=pending_validation&timeout=20'));
  await delay(200);
  const away = t.mock.method(api.jobs.pool, 'query', () =>
    Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })),
  );
  await delay(1_200);
  away.mock.restore();
  await move(id, 'done');
  assert.equal((await waiting).body.result?.status, 'pending_validation');
});
