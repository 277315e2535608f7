/** The packs of a whole account, by filters, walked by cursor. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { CursorPagination } from 'cloudflare/core/pagination';
import { transaction } from '../../src/store/store.ts';
import { hideZone } from '../../src/store/zones.ts';
import { askAccount, givenPacks, walkAccount } from '../support/account.ts';
import { endingOn, givenAccount, givenCopies, startApi, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { packOf } from '../support/job-deps.ts';

let api: TestApi;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
});
after(() => ends.disposeAsync());

it('the list of an account is walked by the vendor’s client, oldest first, over all zones', async () => {
  const account = await givenAccount(api.jobs, ['one.test', 'two.test']);
  const ids: string[] = [];
  for (let i = 0; i < 12; i += 1) ids.push(...(await givenPacks(api, account.zones[i % 2], [{}])));
  const client = newClient({ apiToken: account.token, baseURL: api.url });
  const seen: string[] = [];
  const list = client.getAPIList<{ id: string }, CursorPagination<{ id: string }>>(
    `/accounts/${account.id}/ssl/certificate_packs`,
    CursorPagination,
    { query: { per_page: 5 } },
  );
  for await (const pack of list) seen.push(pack.id);
  assert.deepEqual(seen, ids);
  const { result_info: info } = await askAccount(api, account, { per_page: '12' });
  assert.deepEqual(info, { count: 12, per_page: 12, cursors: {} }, 'no cursor at the end');
});

it('the list of an account shows packs as their zone shows them, also those that an older version rendered', async () => {
  const account = await givenAccount(api.jobs, ['old.test']);
  const [id = ''] = await givenPacks(api, account.zones[0], [{ status: 'active' }]);
  await api.jobs.pool.query(`update packs set wire = '{}', wire_version = 0 where id = $1`, [id]);
  const { result } = await askAccount(api, account);
  const one = await api.get(`/zones/${account.zones[0]?.id}/ssl/certificate_packs/${id}`, account.token);
  const { result: pack }: { result: object } = JSON.parse(await one.text());
  assert.deepEqual(result, [{ zone_id: account.zones[0]?.id, ...pack }]);
});

it('the list of an account knows each filter alone', async () => {
  const account = await givenAccount(api.jobs, ['f.test', 'g.test']);
  const [first, second] = account.zones;
  const end = new Date('2027-01-31T12:00:00Z');
  const [plain, active, google, keyless, staging, late] = await givenPacks(api, first, [
    {},
    { status: 'active' },
    { certificateAuthority: 'google' },
    { type: 'keyless' },
    { environment: 'staging' },
    { certificates: endingOn(end), hosts: ['late.f.test'] },
  ]);
  const [other] = await givenPacks(api, second, [{}]);
  const all = [plain, active, google, keyless, staging, late, other];
  const without = (...ids: (string | undefined)[]) => all.filter((id) => !ids.includes(id));
  assert.deepEqual(await walkAccount(api, account), all);
  assert.deepEqual(await walkAccount(api, account, { status: 'all' }), all);
  assert.deepEqual(await walkAccount(api, account, { status: 'active' }), [active]);
  assert.deepEqual(await walkAccount(api, account, { certificate_authority: 'google' }), [google]);
  assert.deepEqual(await walkAccount(api, account, { type: 'keyless' }), [keyless]);
  assert.deepEqual(await walkAccount(api, account, { deploy: 'staging' }), [staging]);
  assert.deepEqual(await walkAccount(api, account, { deploy: 'production' }), without(staging));
  assert.deepEqual(await walkAccount(api, account, { zone_id: second?.id ?? '' }), [other]);
  assert.deepEqual(await walkAccount(api, account, { host: 'late.f.test' }), [late]);
  assert.deepEqual(await walkAccount(api, account, { 'host.suffix': 'g.test' }), [other]);
  assert.deepEqual(await walkAccount(api, account, { expires_before: '2027-02-01' }), [late]);
  assert.deepEqual(await walkAccount(api, account, { expires_before: '2027-01-31' }), []);
  assert.deepEqual(await walkAccount(api, account, { expires_before: '2027-01-31T12:00:00.001Z' }), [late]);
  assert.deepEqual(
    await walkAccount(api, account, { expires_before: '2027-01-31T14:00:00+02:00' }),
    [],
    'it is exclusive',
  );
});

it('the list of an account shows a pack with five matching hosts once', async () => {
  const account = await givenAccount(api.jobs, ['five.test']);
  const many = ['five.test', '*.five.test', 'a.five.test', 'b.a.five.test', 'z.five.test'];
  const [five, z] = await givenPacks(api, account.zones[0], [{ hosts: many }, { hosts: ['z.five.test'] }]);
  assert.deepEqual(await walkAccount(api, account, { 'host.suffix': 'five.test', per_page: '5' }), [five, z]);
  assert.deepEqual(await walkAccount(api, account, { 'host.suffix': 'a.five.test' }), [five]);
  assert.deepEqual(
    await walkAccount(api, account, { host: '*.five.test' }),
    [five],
    'a wildcard stands for itself',
  );
  assert.deepEqual(await walkAccount(api, account, { host: 'q.five.test' }), [], 'and for no other name');
});

it('the list of an account takes a suffix by whole labels', async () => {
  const account = await givenAccount(api.jobs, ['example.com']);
  const [, below, apex] = await givenPacks(api, account.zones[0], [
    { hosts: ['badexample.com', 'example.com.evil.test', 'example.com-x.test', 'x.com'] },
    { hosts: ['www.example.com'] },
    { hosts: ['example.com'] },
  ]);
  assert.deepEqual(await walkAccount(api, account, { 'host.suffix': 'example.com' }), [below, apex]);
  assert.equal(
    (await walkAccount(api, account, { 'host.suffix': 'com' })).length,
    3,
    'a suffix need be no host',
  );
});

it('the list of an account compares names in A-labels', async () => {
  const account = await givenAccount(api.jobs, ['xn--bcher-kva.test']);
  const [id] = await givenPacks(api, account.zones[0], [{ hosts: ['WWW.Bücher.test'] }]);
  for (const host of ['www.bücher.test', 'WWW.BÜCHER.test', 'www.xn--bcher-kva.test']) {
    assert.deepEqual(await walkAccount(api, account, { host }), [id]);
  }
  assert.deepEqual(await walkAccount(api, account, { 'host.suffix': 'BÜCHER.test' }), [id]);
});

it('the list of an account looks at a bounded number of packs a request, and goes on where it stopped', async () => {
  const account = await givenAccount(api.jobs, ['sparse.test']);
  const [first = ''] = await givenPacks(api, account.zones[0], [{}]);
  await givenCopies(api.jobs, await packOf(api.jobs, first), 5_000);
  const [rare] = await givenPacks(api, account.zones[0], [{ certificateAuthority: 'ssl_com' }]);
  const query = { certificate_authority: 'ssl_com', zone_id: account.zones[0]?.id ?? '' };
  const page = await askAccount(api, account, query);
  assert.deepEqual(page.result, []);
  assert.ok(page.result_info.cursor, 'there may be more');
  assert.deepEqual(await walkAccount(api, account, query), [rare]);
  assert.deepEqual(await walkAccount(api, account, { certificate_authority: 'ssl_com' }), [rare]);
});

it('the list of an account leaves out the packs of a zone that was deleted, and shows those behind them on the same page', async () => {
  const account = await givenAccount(api.jobs, ['gone.test', 'here.test']);
  const [gone, here] = account.zones;
  const earlier = await givenPacks(api, here, [{}]);
  const [hidden = ''] = await givenPacks(api, gone, [{}]);
  await givenCopies(api.jobs, await packOf(api.jobs, hidden), 200);
  const behind = await givenPacks(api, here, [{}]);
  const { pool, clock } = api.jobs;
  await transaction(pool, (tx) => hideZone(tx, account.id, gone?.id ?? '', clock.now()));
  const { result, result_info: info } = await askAccount(api, account, { per_page: '5' });
  assert.deepEqual(
    (result ?? []).map(({ id }) => id),
    [...earlier, ...behind],
  );
  assert.equal(info.cursor, undefined);
  assert.equal((await askAccount(api, account, { zone_id: gone?.id ?? '' })).status, 404);
});
