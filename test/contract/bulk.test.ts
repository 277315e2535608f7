/** Operations on many packs: begun with the number that a dry run told, done a batch at a time, each pack once. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { workBulk } from '../../src/job/periodic/bulk.ts';
import { minutes } from '../../src/kit/time.ts';
import { restartPack } from '../../src/operation/change-pack.ts';
import type { Pack } from '../../src/pack/pack.ts';
import { putBulkBatch, takeBulkJob } from '../../src/store/bulk-batches.ts';
import { listAccountKeys } from '../../src/store/list/account-keys.ts';
import { deleteTokensNamed } from '../../src/store/tokens.ts';
import { EVERY_CELL } from '../../src/store/zone-key.ts';
import { givenPacks } from '../support/account.ts';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { type BulkAnswer, type BulkRequest, sendBulk, type Told, writerFor } from '../support/bulk.ts';
import { clear, packOf } from '../support/job-deps.ts';

let api: TestApi;
let account: TestAccount;
let writer: string;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
});
after(() => ends.disposeAsync());
beforeEach(async () => {
  await clear(api.jobs);
  account = await givenAccount(api.jobs, ['one.bulk.test', 'two.bulk.test']);
  writer = await writerFor(api.jobs, account.id);
});

const send = (method: 'GET' | 'POST', path: string, token = writer): Promise<Told> =>
  sendBulk(api.url, { accountId: account.id, token, method, path });

const post = (body: unknown, more: Partial<BulkRequest> = {}): Promise<Told> =>
  sendBulk(api.url, { accountId: account.id, token: writer, body, ...more });

/** Lets workers go on until nothing is due. */
async function work(): Promise<void> {
  for (let i = 0; i < 20; i++) await workBulk(api.jobs, () => undefined, new AbortController().signal);
}

async function begin(body: object): Promise<BulkAnswer> {
  const { result: dry } = await post({ ...body, dry_run: true });
  const { result, status } = await post({ ...body, expected_count: dry.count });
  assert.equal(status, 200);
  return result;
}

const jobAt = async (id: string): Promise<BulkAnswer> => (await send('GET', `/${id}`)).result;

const TIMED_OUT: Partial<Pack> = { status: 'validation_timed_out' };
const ALL = { action: 'restart', filter: { status: 'validation_timed_out' } };

it('a dry run counts and names packs, and changes none; a job is begun with its count alone', async () => {
  const [id = ''] = await givenPacks(api, account.zones[0], [TIMED_OUT, TIMED_OUT, { status: 'active' }]);
  const { result } = await post({ ...ALL, dry_run: true });
  assert.deepEqual([result.count, result.packs.length], [2, 2]);
  assert.deepEqual(result.packs[0], { zone_id: account.zones[0]?.id, id });
  assert.deepEqual((await post(ALL)).pointer, '/expected_count');
  const differs = await post({ ...ALL, expected_count: 4, tolerance: 1 });
  assert.deepEqual([differs.status, differs.code, differs.pointer], [409, 1440, '/expected_count']);
  assert.equal((await post({ ...ALL, expected_count: 3, tolerance: 1 })).status, 200);
  assert.equal((await packOf(api.jobs, id)).status, 'validation_timed_out', 'nobody worked yet');
});

it('every pack that matched is done once, none that was ordered later, and none of another account', async () => {
  const ids: string[] = [];
  for (const zone of account.zones)
    ids.push(
      ...(await givenPacks(
        api,
        zone,
        Array.from({ length: 50 }, () => TIMED_OUT),
      )),
    );
  const other = await givenAccount(api.jobs, ['other.bulk.test']);
  const [foreign = ''] = await givenPacks(api, other.zones[0], [TIMED_OUT]);
  const { id } = await begin(ALL);
  const [late = ''] = await givenPacks(api, account.zones[0], [TIMED_OUT]);
  await work();
  const { status, matched, done, failed } = await jobAt(id);
  assert.deepEqual([status, matched, done, failed], ['finished', 100, 100, 0]);
  for (const one of ids) assert.equal((await packOf(api.jobs, one)).status, 'pending_validation');
  for (const one of [late, foreign])
    assert.equal((await packOf(api.jobs, one)).status, 'validation_timed_out');
  assert.deepEqual(await changedBy(id), ids.length);
});

/** Packs of which the record says that a job changed them: each once. */
async function changedBy(id: string): Promise<number> {
  const { rows } = await api.jobs.pool.query<{ n: number; packs: number }>(
    'select count(*)::int as n, count(distinct pack_id)::int as packs from audit where request = $1 and pack_id is not null',
    [id],
  );
  assert.equal(rows[0]?.n, rows[0]?.packs, 'each once');
  return rows[0]?.n ?? 0;
}

it('a job goes on after a worker was killed in a batch, and does nothing twice', async () => {
  const ids = await givenPacks(
    api,
    account.zones[0],
    Array.from({ length: 12 }, () => TIMED_OUT),
  );
  const { id } = await begin(ALL);
  const { pool, clock } = api.jobs;
  const now = clock.now();
  const until = new Date(now.getTime() + 60_000);
  const job = (await takeBulkJob(pool, { cells: EVERY_CELL, now, until })) ?? assert.fail();
  const which = job.which ?? assert.fail();
  const page = await listAccountKeys(pool, which, { from: undefined, most: 40 });
  assert(await putBulkBatch(pool, job, { packs: page.keys, next: page.next }, now));
  for (const pack of page.keys.slice(0, 5))
    await restartPack(api.jobs, { zoneId: pack.zone.id, id: pack.id, by: { ...job.actor, request: id } });
  await work();
  assert.equal((await jobAt(id)).done, 0, 'whoever has it may live yet');
  clock.advance(minutes(3));
  await work();
  const { status, done, failed } = await jobAt(id);
  assert.deepEqual([status, done, failed], ['finished', 12, 0]);
  assert.equal(await changedBy(id), ids.length);
});

it('what is refused is counted by its reason and does not stop the rest', async () => {
  const [zone] = account.zones;
  const [plain = '', gone = ''] = await givenPacks(api, zone, [{ status: 'active' }, TIMED_OUT]);
  const packs = [plain, gone, '00000000-0000-4000-8000-000000000000'].map((id) => ({
    zone_id: zone?.id,
    id,
  }));
  const { id } = await begin({ action: 'failover', packs });
  await work();
  const { status, done, failed, failures_by_code: codes, failures } = await jobAt(id);
  assert.deepEqual([status, done, failed, codes], ['finished', 0, 3, { '1420': 2, '1408': 1 }]);
  assert.match(failures.find((one) => one.id === plain)?.message ?? '', /has no backup/);
});

it('a job that is cancelled ends, and one that ended stays as it is', async () => {
  await givenPacks(
    api,
    account.zones[0],
    Array.from({ length: 3 }, () => TIMED_OUT),
  );
  const { id } = await begin(ALL);
  const cancelled = await Promise.all([1, 2, 3].map(() => send('POST', `/${id}/cancel`)));
  assert.deepEqual(new Set(cancelled.map(({ result }) => result.status)), new Set(['cancelled']));
  const told = "select 1 from audit where resource_id = $1 and event = 'cancel'";
  assert.equal((await api.jobs.pool.query(told, [id])).rowCount, 1, 'told once');
  await work();
  assert.deepEqual([(await jobAt(id)).done, (await jobAt(id)).status], [0, 'cancelled']);
  assert.equal((await send('POST', `/${id}/cancel`)).result.status, 'cancelled');
});

it('a job stops where its token is not valid any more', async () => {
  await givenPacks(api, account.zones[0], [TIMED_OUT]);
  const { id } = await begin(ALL);
  await deleteTokensNamed(api.jobs.pool, account.id, 'writer');
  await work();
  const { result } = await send('GET', `/${id}`, account.token);
  assert.deepEqual([result.status, result.done], ['stopped', 0]);
  assert.match(result.stopped_because ?? '', /token/);
});

it('a token that is limited to zones touches these alone', async () => {
  const [one, two] = account.zones;
  const [mine = '', others = ''] = [
    ...(await givenPacks(api, one, [TIMED_OUT])),
    ...(await givenPacks(api, two, [TIMED_OUT])),
  ];
  const token = await writerFor(api.jobs, account.id, [one?.id ?? '']);
  const all = await post({ ...ALL, dry_run: true }, { token });
  assert.deepEqual([all.status, all.pointer], [403, '/filter/zone_id']);
  const named = { action: 'restart', packs: [{ zone_id: two?.id, id: others }], dry_run: true };
  assert.deepEqual(
    [(await post(named, { token })).status, (await post(named, { token })).pointer],
    [403, '/packs/0/zone_id'],
  );
  const inMine = { action: 'restart', filter: { status: 'validation_timed_out', zone_id: one?.id } };
  const begun = await post({ ...inMine, expected_count: 1 }, { token });
  assert.equal(begun.status, 200);
  await work();
  assert.equal((await packOf(api.jobs, mine)).status, 'pending_validation');
  assert.equal((await packOf(api.jobs, others)).status, 'validation_timed_out');
  assert.equal((await send('GET', `/${begun.result.id}`, token)).result.done, 1, 'its own job');
  assert.equal((await send('GET', '', token)).status, 403, 'the list is of all');
  assert.equal((await post({ ...ALL, dry_run: true }, { token: account.token })).status, 403, 'who reads');
});

it('packs and zones of another account are not there', async () => {
  const other = await givenAccount(api.jobs, ['other2.bulk.test']);
  const [id = ''] = await givenPacks(api, other.zones[0], [TIMED_OUT]);
  const zoneId = other.zones[0]?.id;
  const named = await post({ action: 'restart', packs: [{ zone_id: zoneId, id }], dry_run: true });
  assert.deepEqual([named.status, named.pointer], [404, '/packs/0/zone_id']);
  const filtered = await post({ action: 'restart', filter: { zone_id: zoneId }, dry_run: true });
  assert.deepEqual([filtered.status, filtered.pointer], [404, '/filter/zone_id']);
  const elsewhere = await fetch(`${api.url}/accounts/${other.id}/ssl/certificate_packs/bulk`, {
    headers: { authorization: `Bearer ${writer}` },
  });
  assert.equal(elsewhere.status, 403);
});

it('an account has five jobs under way at most; the same key begins one', async () => {
  await givenPacks(api, account.zones[0], [TIMED_OUT]);
  const body = { ...ALL, expected_count: 1 };
  const headers = { 'idempotency-key': 'once' };
  const [first, again] = [
    await post(body, { headers }),
    await post({ ...body, expected_count: 7 }, { headers }),
  ];
  assert.equal(first.result.id, again.result.id);
  assert.equal((await post({ ...body, action: 'failover' }, { headers })).status, 422);
  for (let i = 0; i < 4; i++) assert.equal((await post(body)).status, 200);
  assert.deepEqual([(await post(body)).status, (await post(body)).code], [403, 1405]);
  await work();
  assert.equal((await post({ ...body, expected_count: 0 })).status, 200);
});

it('a key stands for one request: another with it is refused, at the same time too, and a dry run begins nothing by it', async () => {
  await givenPacks(api, account.zones[0], [TIMED_OUT]);
  const headers = { 'idempotency-key': 'at once' };
  const bodies = Array.from({ length: 8 }, (_, i) => ({
    ...ALL,
    action: i % 2 === 0 ? 'restart' : 'failover',
    expected_count: 1,
  }));
  const told = await Promise.all(bodies.map((body) => post(body, { headers })));
  for (const [i, { result, status }] of told.entries())
    if (status === 200) assert.equal(result.action, bodies[i]?.action);
    else assert.equal(status, 422);
  assert.equal(told.filter(({ status }) => status === 200).length, 4);
  const revoke = { ...ALL, action: 'revoke', expected_count: 1 };
  const other = { headers: { 'idempotency-key': 'why' } };
  assert.equal((await post({ ...revoke, reason: 'superseded' }, other)).status, 200);
  assert.equal((await post({ ...revoke, reason: 'keyCompromise' }, other)).status, 422);
  const dry = await post({ ...revoke, dry_run: true }, other);
  assert.deepEqual([dry.status, dry.result.count], [200, 1]);
});
