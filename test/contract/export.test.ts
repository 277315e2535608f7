/** Exports: all packs of a zone or an account as lines of JSON. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { Pack } from '../../src/pack/pack.ts';
import { transaction } from '../../src/store/store.ts';
import { hideZone } from '../../src/store/zones.ts';
import { givenPacks, walkAccount } from '../support/account.ts';
import { givenAccount, startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { exported, type Line } from '../support/export.ts';

let api: TestApi;
let account: TestAccount;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['one.test', 'empty.test', 'two.test', 'three.test']);
  const [one, , two, three] = account.zones;
  for (const zone of [two, one, three, one]) await givenPacks(api, zone, LOOKS);
  const stranger = await givenAccount(api.jobs, ['stranger.test']);
  await givenPacks(api, stranger.zones[0], LOOKS);
});
after(() => ends.disposeAsync());

const LOOKS: readonly Partial<Pack>[] = [
  {},
  { status: 'active' },
  { status: 'staging_active', environment: 'staging' },
  { status: 'active', environment: 'staging' },
];

const ofAccount = (query = '') => `/accounts/${account.id}/ssl/certificate_packs/export${query}`;
const ofZone = (i: number, query = '') =>
  `/zones/${account.zones[i]?.id}/ssl/certificate_packs/export${query}`;
const ofActive = (query = '') => ofAccount(`?status=active${query.replace('?', '&')}`);
const idsIn = (lines: readonly Line[]) => lines.flatMap(({ pack }) => pack?.id ?? []);

it('an export of a zone shows what its list shows, and says that this was all', async () => {
  const { lines, isWhole } = await exported(api, ofZone(0), account);
  const list = await api.get(
    `/zones/${account.zones[0]?.id}/ssl/certificate_packs?status=all&per_page=50`,
    account.token,
  );
  const { result }: { result: object[] } = JSON.parse(await list.text());
  assert.equal(result.length, 8);
  assert.deepEqual(
    lines.slice(0, -1).map(({ pack }) => pack),
    result,
  );
  assert.deepEqual(lines.at(-1), { end: true, count: 8 });
  assert.equal(isWhole, true);
});

it('an export of an account shows what the lists of its zones show, in the order of the zones', async () => {
  const { lines } = await exported(api, ofAccount(), account);
  const lists: string[] = [];
  for (const { id } of account.zones) lists.push(...(await walkAccount(api, account, { zone_id: id })));
  assert.equal(lists.length, 16);
  assert.deepEqual(idsIn(lines), lists);
  assert.deepEqual(lines.at(-1), { end: true, count: 16 });
});

it('an export knows the filters status and deploy', async () => {
  for (const query of [
    'status=active',
    'deploy=staging',
    'status=active&deploy=production',
    'status=deleted',
  ]) {
    const { status, deploy } = Object.fromEntries(new URLSearchParams(query));
    for (const [i, zone] of account.zones.entries()) {
      const { lines } = await exported(api, ofZone(i, `?${query}`), account);
      assert.deepEqual(
        idsIn(lines),
        await walkAccount(api, account, { status, deploy, zone_id: zone.id }),
        query,
      );
    }
    const { lines } = await exported(api, ofAccount(`?${query}`), account);
    const listed = await walkAccount(api, account, { status, deploy });
    assert.deepEqual(idsIn(lines).toSorted(), listed.toSorted(), query);
  }
});

it('an export goes on behind any line at which a client broke off', async () => {
  for (const path of [ofAccount, ofActive, (query?: string) => ofZone(0, query)]) {
    const whole = idsIn((await exported(api, path(), account)).lines);
    for (let n = 1; n <= whole.length; n += 1) {
      const begun = await exported(api, path(), account, n);
      const rest = await exported(api, path(`?cursor=${begun.lines.at(-1)?.cursor}`), account);
      assert.deepEqual([...idsIn(begun.lines), ...idsIn(rest.lines)], whole, `after line ${n}`);
      assert.deepEqual(rest.lines.at(-1), { end: true, count: whole.length - n });
    }
  }
});

it('an export of an account goes on where the zone it stopped in was deleted', async () => {
  const other = await givenAccount(api.jobs, ['a.gone.test', 'b.gone.test', 'c.gone.test']);
  for (const zone of other.zones) await givenPacks(api, zone, LOOKS);
  const path = `/accounts/${other.id}/ssl/certificate_packs/export`;
  const whole = idsIn((await exported(api, path, other)).lines);
  const begun = await exported(api, path, other, 6);
  const { pool, clock } = api.jobs;
  await transaction(pool, (tx) => hideZone(tx, other.id, other.zones[1]?.id ?? '', clock.now()));
  const rest = await exported(api, `${path}?cursor=${begun.lines.at(-1)?.cursor}`, other);
  assert.deepEqual(idsIn(rest.lines), whole.slice(8));
});

it('an export refuses the cursor of another one, and of a list', async () => {
  const cursors = [
    (await exported(api, ofZone(0), account)).lines[0]?.cursor,
    (await exported(api, ofZone(0, '?status=active'), account)).lines[0]?.cursor,
    (await exported(api, ofZone(2), account)).lines[0]?.cursor,
    'AAAA',
  ];
  for (const cursor of cursors) {
    const response = await api.get(ofAccount(`?cursor=${cursor}`), account.token);
    const { errors }: { errors: { source: object }[] } = JSON.parse(await response.text());
    assert.deepEqual([response.status, errors[0]?.source], [400, { pointer: '/cursor' }]);
  }
});

it('an export shows packs anew that an older version rendered', async () => {
  const other = await givenAccount(api.jobs, ['old.test']);
  const [id = ''] = await givenPacks(api, other.zones[0], [{}]);
  await api.jobs.pool.query(`update packs set wire = '{}', wire_version = 0 where id = $1`, [id]);
  const { lines } = await exported(api, `/accounts/${other.id}/ssl/certificate_packs/export`, other);
  assert.equal(lines[0]?.pack?.id, id);
});

it('an export is not for whoever may not read all that it shows', async () => {
  const stranger = await givenAccount(api.jobs, ['other.test']);
  const zoneId = account.zones[0]?.id ?? '';
  const limited = await tokenFor(api.jobs, { accountId: account.id, zones: [zoneId] });
  const statusOf = async (path: string, token: string) => (await api.get(path, token)).status;
  assert.equal(await statusOf(ofZone(0), stranger.token), 404);
  assert.equal(await statusOf(ofAccount(), stranger.token), 403);
  assert.equal(await statusOf(ofAccount(), limited), 403);
  assert.equal(await statusOf(ofZone(2), limited), 403);
  assert.equal(await statusOf(ofZone(0), limited), 200);
  assert.equal(await statusOf(ofZone(0), 'cp_unknown'), 401);
  assert.equal(await statusOf('/zones/x/ssl/certificate_packs/export', account.token), 400);
  const head = await fetch(api.url + ofZone(0), {
    method: 'HEAD',
    headers: { authorization: `Bearer ${account.token}` },
  });
  assert.notEqual(head.status, 200, 'HEAD would read every pack for nothing');
});
