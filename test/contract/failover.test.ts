/** A failover: the address of the database leads to another server, and the earlier one lives on, with all connections to it. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildApi } from '../../src/api/api.ts';
import { Troubles } from '../../src/kit/troubles.ts';
import { watchDatabase } from '../../src/serve/database-watch.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool, transaction } from '../../src/store/store.ts';
import { apiOn, givenAccount, type TestAccount } from '../support/api.ts';
import { embeddedOnly } from '../support/database.ts';
import { givenPack, jobDepsOn, type TestJobDeps } from '../support/job-deps.ts';
import { type Pair, socketOf, startPair } from '../support/postgres/pair.ts';
import { type Relay, startRelay } from '../support/relay.ts';
import { until } from '../support/world.ts';

const LIMIT = { timeout: 120_000, ...embeddedOnly };

interface Scene {
  readonly pair: Pair;
  readonly relay: Relay;
  /** What the API works with, through the relay. */
  readonly jobs: TestJobDeps;
  /** The same at the second server, past the relay: another process. */
  readonly elsewhere: TestJobDeps;
  readonly account: TestAccount;
  /** How many packs the list shows now; undefined where it says to come again. */
  readonly listed: () => Promise<number | undefined>;
}

/** Two servers of one cluster with three packs, and an API whose connections to the first are all in use. */
async function given(t: TestContext): Promise<Scene> {
  const ends = new AsyncDisposableStack();
  t.after(() => ends.disposeAsync());
  let account: TestAccount | undefined;
  const pair = await startPair(ends, async (login) => {
    await using before = new AsyncDisposableStack();
    const pool = openPool({ ...login, max: 2 }, () => undefined);
    before.defer(() => pool.end());
    await migrate(pool);
    const deps = jobDepsOn(before, pool);
    account = await givenAccount(deps, ['failover.test']);
    for (let i = 0; i < 3; i++) await givenPack(deps, zoneOf(account));
  });
  assert(account);
  const relay = await startRelay(socketOf(pair.first.connection));
  ends.defer(() => relay.close());
  const { user, password, database } = pair.first.connection;
  const login = { host: '127.0.0.1', port: relay.port, user, password, database, ssl: false };
  const pool = openPool({ ...login, max: 4, idleTimeoutMillis: 60_000 }, () => undefined);
  ends.defer(() => pool.end());
  const jobs = jobDepsOn(ends, pool);
  const troubles = new Troubles(jobs.log);
  const watch = await watchDatabase({ ...jobs, pool, troubles, isClockWatched: false });
  ends.defer(() => watch.stop());
  const api = await apiOn(ends, jobs);
  const other = openPool({ ...pair.second.connection, max: 2 }, () => undefined);
  ends.defer(() => other.end());
  const { token } = account;
  const listed = async () => {
    const path = `/zones/${zoneOf(account).id}/ssl/certificate_packs?status=all`;
    const answer = await api.get(path, token);
    const { result_info: info }: { result_info?: { total_count: number } } = JSON.parse(await answer.text());
    assert(answer.status === 200 || answer.status === 503, `HTTP ${answer.status}`);
    return info?.total_count;
  };
  const all = Array.from({ length: 8 }, () => pool.query('select pg_sleep(0.05)'));
  await Promise.all(all);
  assert.equal(await listed(), 3);
  return { pair, relay, jobs, elsewhere: jobDepsOn(ends, other), account, listed };
}

/** The same API with memory for pages. */
async function apiWithCache(t: TestContext, jobs: TestJobDeps): Promise<string> {
  const ends = new AsyncDisposableStack();
  t.after(() => ends.disposeAsync());
  const { deps } = await apiOn(ends, jobs);
  const app = await buildApi({ ...deps, pageCacheBytes: 2 ** 20 });
  ends.defer(() => app.close());
  return `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
}

const zoneOf = (account: TestAccount | undefined) => account?.zones[0] ?? assert.fail('no zone');

/** The address leads to the second server, which takes writes; the first lives on, and so do the connections to it. */
async function failOver({ pair, relay, elsewhere, account }: Scene): Promise<void> {
  await pair.promote();
  relay.turnTo(socketOf(pair.second.connection));
  await givenPack(elsewhere, zoneOf(account));
}

it('a server that was left and is read-only is not read from any more', LIMIT, async (t) => {
  const scene = await given(t);
  const { pair } = scene;
  await pair.ask(pair.first, 'alter system set default_transaction_read_only = on');
  await pair.ask(pair.first, 'select pg_reload_conf()');
  await failOver(scene);
  await delay(300);
  // Nobody wrote, nobody told: what is asked anyway finds it.
  for (let i = 0; i < 12; i++) assert.equal(await scene.listed(), 4);
});

it(
  'a server that was left and goes on as if nothing were is left within seconds, and never gone back to',
  LIMIT,
  async (t) => {
    const scene = await given(t);
    await failOver(scene);
    await until(scene.listed, (n) => n === 4, 7);
    for (let i = 0; i < 12; i++) assert.equal(await scene.listed(), 4);
    // The address leads back to it, as an old entry of DNS does: it is behind, and says so.
    scene.relay.turnTo(socketOf(scene.pair.first.connection));
    for (let i = 0; i < 6; i++) {
      assert([4, undefined].includes(await scene.listed()));
      await scene.jobs.pool.query('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
    }
    await assert.rejects(scene.jobs.pool.query('select'), /timeline is older/);
  },
);

it(
  'what was written at the new server is read there at once, by the list and by all else',
  LIMIT,
  async (t) => {
    const scene = await given(t);
    await failOver(scene);
    const { jobs, account } = scene;
    // One connection breaks; the one in its place is at the new server, and all others are of the old one.
    await jobs.pool.query('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
    const busy = Array.from({ length: 3 }, () => jobs.pool.query('select pg_sleep(0.2)'));
    const id = await givenPack(jobs, zoneOf(account));
    const { rowCount } = await jobs.pool.query('select from packs where id = $1', [id]);
    assert.equal(rowCount, 1);
    assert.equal(await scene.listed(), 5);
    await Promise.allSettled(busy);
  },
);

it('a transaction that ends at a server that was left meanwhile is not told to be done', LIMIT, async (t) => {
  const scene = await given(t);
  const { jobs, account } = scene;
  const done = transaction(jobs.pool, async (tx) => {
    await tx.query('update zones set version = version + 1 where id = $1', [zoneOf(account).id]);
    await failOver(scene);
    await until(scene.listed, (n) => n === 4, 7);
  });
  await assert.rejects(done, /server of the database changed/);
});

it(
  'a page and its validator are of one history: the same number of changes at another server is another page',
  LIMIT,
  async (t) => {
    const scene = await given(t);
    const { pair, account, jobs } = scene;
    const zone = zoneOf(account);
    const api = await apiWithCache(t, jobs);
    const page = async (tag?: string) => {
      const headers = { authorization: `Bearer ${account.token}`, ...(tag && { 'if-none-match': tag }) };
      const answer = await fetch(`${api}/zones/${zone.id}/ssl/certificate_packs?status=all`, { headers });
      return { status: answer.status, tag: answer.headers.get('etag') ?? '', body: await answer.text() };
    };
    // A change that is lost by the failover: acknowledged at the first server alone.
    await givenPack(jobs, zone);
    const before = await page();
    await page(); // from memory by now
    const versions = async (server: Pair['first']) =>
      (await pair.ask(server, `select version from zones where id = '${zone.id}'`))[0]?.['version'];
    await failOver(scene);
    assert.equal(await versions(pair.first), await versions(pair.second));
    await until(scene.listed, (n) => n === 4, 7);
    await until(
      () => page(before.tag),
      ({ status, body }) => status === 200 && body !== before.body,
      7,
    );
  },
);
