/** What the summary of an account says is what looking at each of its packs says, whatever was done to them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { days, hours, after as later } from '../../src/kit/time.ts';
import { advance, amend } from '../../src/operation/advance.ts';
import { lifeWork } from '../../src/operation/work.ts';
import type { Pack, PackZone } from '../../src/pack/pack.ts';
import { eraseZone } from '../../src/store/erase-zone.ts';
import { deletePack } from '../../src/store/pack-writes.ts';
import { lockPack, putRenewal } from '../../src/store/packs.ts';
import { transaction } from '../../src/store/store.ts';
import { touchZone } from '../../src/store/zones.ts';
import { assertGroupsListed, givenPacks } from '../support/account.ts';
import { givenAccount, startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { packOf } from '../support/job-deps.ts';
import { givenCertificate } from '../support/pack.ts';

let api: TestApi;
let account: TestAccount;
let now: Date;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  now = api.jobs.clock.now();
  account = await givenAccount(api.jobs, ['one.sum.test', 'two.sum.test']);
  const other = await givenAccount(api.jobs, ['other.sum.test']);
  await givenPacks(api, other.zones[0], [{}, { status: 'active', certificates: issued(days(80)) }]);
});
after(() => ends.disposeAsync());

/** Certificates of 90 days of which so much is over. */
const issued = (age: number): Pack['certificates'] => {
  const uploadedOn = later(now, -age);
  const dates = { notBefore: uploadedOn, uploadedOn, notAfter: later(uploadedOn, days(90)) };
  return [givenCertificate(dates), givenCertificate({ ...dates, algorithm: 'rsa' })];
};

interface Summary {
  readonly as_of: string;
  readonly total: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly groups: Readonly<Record<string, number>>;
  readonly renewals: { readonly overdue: number; readonly at_risk: number; readonly is_at_least: boolean };
  readonly expiries: readonly { readonly from: string; readonly to: string; readonly count: number }[];
  readonly certificate_authorities: readonly {
    readonly certificate_authority: string;
    readonly packs: number;
    readonly soonest_end?: string;
  }[];
  readonly most_at_risk: readonly {
    readonly id: string;
    readonly life_left: number;
    readonly zone_id: string;
  }[];
}

async function ask<T = Summary>(path = `/accounts/${account.id}`, token = account.token): Promise<T> {
  const answer = await api.get(`${path}/ssl/certificate_packs/summary`, token);
  const { result }: { result: T } = JSON.parse(await answer.text());
  assert.equal(answer.status, 200);
  return result;
}

const [first, second] = [() => account.zones[0] ?? assert.fail(), () => account.zones[1] ?? assert.fail()];

it('the summary of an account without packs is all zeros', async () => {
  const empty = await ask();
  assert.equal(empty.total, 0);
  assert.deepEqual(new Set(Object.values({ ...empty.statuses, ...empty.groups })), new Set([0]));
  assert.deepEqual([empty.certificate_authorities, empty.most_at_risk], [[], []]);
  assert.equal(empty.expiries.length, 14);
});

/** Certificates of packs: of them the tables have what they say alone. */
const held = new Map<string, Pack['certificates']>();

async function given(zone: PackZone, changes: readonly Partial<Pack>[]): Promise<string[]> {
  const ids = await givenPacks(api, zone, changes);
  for (const [i, id] of ids.entries()) held.set(id, changes[i]?.certificates ?? []);
  return ids;
}

it('packs are counted by status, and by whose move it is', async () => {
  await given(first(), [
    { status: 'active', certificates: issued(days(10)), certificateAuthority: 'google' },
    {
      status: 'active',
      certificates: issued(days(10)),
      certificateAuthority: 'google',
      environment: 'staging',
    },
    { status: 'pending_validation', validationErrors: ['no record yet'] },
    { status: 'pending_validation' },
    { status: 'pending_issuance' },
  ]);
  await given(second(), [
    { status: 'expired', certificates: issued(days(91)) },
    { status: 'inactive', certificates: issued(days(11)) },
    { status: 'pending_deployment', certificates: issued(0) },
  ]);
  const { total, statuses, groups } = await ask();
  assert.equal(total, 8);
  assert.deepEqual(
    Object.entries(statuses).filter(([, n]) => n > 0),
    [
      ['pending_validation', 2],
      ['pending_issuance', 1],
      ['pending_deployment', 1],
      ['expired', 1],
      ['active', 2],
      ['inactive', 1],
    ],
  );
  assert.deepEqual(groups, {
    active: 2,
    waiting_for_customer: 1,
    waiting_for_us: 2,
    waiting_for_ca: 1,
    being_renewed: 0,
    at_risk: 0,
    expired: 1,
  });
  await assertGroupsListed(api, account, groups);
});

it('the weeks in which packs end are told, and of each CA the soonest end', async () => {
  const { expiries, certificate_authorities: cas } = await ask();
  assert.equal(
    expiries.reduce((sum, { count }) => sum + count, 0),
    4,
  );
  for (const [pack, n] of [
    [80, 2],
    [79, 1],
  ] as const) {
    const end = later(now, days(pack)).toISOString();
    const week = expiries.find(({ from, to }) => from <= end.slice(0, 10) && end.slice(0, 10) < to);
    assert(week && week.count >= n, `${end} ${JSON.stringify(expiries)}`);
  }
  assert.deepEqual(
    cas.map(({ certificate_authority: ca, packs, soonest_end: end }) => [ca, packs, end?.slice(0, 19)]),
    [
      ['google', 2, later(now, days(80)).toISOString().slice(0, 19)],
      ['lets_encrypt', 6, later(now, days(79)).toISOString().slice(0, 19)],
    ],
  );
});

it('a pack past its renewal is overdue, and at risk a tenth of its life later; those with least left come first', async () => {
  const ids = await given(first(), [
    { status: 'active', certificates: issued(days(75)) },
    { status: 'active', certificates: issued(days(62)) },
    { status: 'active', certificates: issued(days(85)) },
  ]);
  const { renewals, groups, most_at_risk: worst } = await ask();
  assert.deepEqual(renewals, { overdue: 3, at_risk: 2, is_at_least: false });
  assert.equal(groups['at_risk'], 2);
  assert.deepEqual(
    worst.map(({ id, life_left: left, zone_id: zone }) => [id, Math.round(left * 90), zone]),
    [
      [ids[2], 5, first().id],
      [ids[0], 15, first().id],
    ],
  );
  await assertGroupsListed(api, account, groups);
});

it('a plan of the CA moves the time of a renewal, one that began is told, and new certificates end both', async () => {
  const [id = ''] = await given(second(), [{ status: 'active', certificates: issued(days(10)) }]);
  const earlier = await ask();
  await planned(id, hours(-300));
  assert.equal((await ask()).renewals.overdue, earlier.renewals.overdue + 1);
  assert.equal((await ask()).groups['at_risk'], (earlier.groups['at_risk'] ?? 0) + 1);
  await change(id, (pack, tx) =>
    amend(tx, api.jobs, pack, {
      renewal: {
        at: pack.renewal?.at ?? now,
        run: {
          kind: 'renewal',
          status: 'initializing',
          statusSince: now,
          attempts: 0,
          certificateAuthority: 'google',
          certificates: [],
        },
      },
    }),
  );
  assert.equal((await ask()).groups['being_renewed'], 1);
  await assertGroupsListed(api, account, (await ask()).groups);
  await change(id, (pack, tx) =>
    advance(tx, api.jobs, lifeWork(pack), { event: 'withdraw', certificates: issued(0), renewal: undefined }),
  );
  const { renewals, groups } = await ask();
  assert.deepEqual([renewals.overdue, groups['being_renewed']], [earlier.renewals.overdue, 0]);
});

it('a pack that is removed is counted nowhere, nor one whose zone is erased', async () => {
  const earlier = await ask();
  const extra = (await givenAccount(api.jobs, ['erased.sum.test'])).zones[0] ?? assert.fail();
  await given(extra, [{ status: 'active' }, { status: 'pending_issuance' }, {}]);
  assert.deepEqual({ ...(await ask()), as_of: earlier.as_of }, earlier, 'another account has them');
  const [id = ''] = await given(first(), [{ status: 'active', certificates: issued(days(80)) }]);
  assert.equal((await ask()).total, earlier.total + 1);
  await change(id, (pack, tx) => deletePack(tx, pack));
  const { total, renewals } = await ask();
  assert.deepEqual([total, renewals], [earlier.total, earlier.renewals]);
  await api.jobs.pool.query('update zones set deleted_on = $2 where id = $1', [extra.id, now]);
  await transaction(api.jobs.pool, (tx) => eraseZone(tx, extra.id));
  const { rows } = await api.jobs.pool.query(
    'select slot from account_counts where account_id = $1 and n <> 0',
    [extra.accountId],
  );
  assert.deepEqual(rows, []);
});

it('the summary of a zone has its statuses', async () => {
  const { total, statuses } = await ask(`/zones/${second().id}`);
  assert.equal(total, 4);
  assert.equal(statuses['expired'], 1);
});

it('the summary of an account wants a permission for all of it, and is of no other account', async () => {
  const path = `/accounts/${account.id}/ssl/certificate_packs/summary`;
  const limited = await tokenFor(api.jobs, { accountId: account.id, zones: [first().id] });
  assert.equal((await api.get(path, limited)).status, 403);
  assert.equal((await api.get(`/zones/${first().id}/ssl/certificate_packs/summary`, limited)).status, 200);
  assert.equal((await api.get(`/zones/${second().id}/ssl/certificate_packs/summary`, limited)).status, 403);
  const stranger = await givenAccount(api.jobs, ['stranger.sum.test']);
  assert.equal((await api.get(path, stranger.token)).status, 403);
  assert.equal((await api.get(path, 'cp_nobody')).status, 401);
});

async function planned(id: string, seconds: number): Promise<void> {
  const pack = { ...(await packOf(api.jobs, id)), certificates: held.get(id) ?? [] };
  assert(await putRenewal(api.jobs.pool, { ...pack, renewal: { at: later(now, seconds) } }, now));
}

async function change(
  id: string,
  work: (pack: Pack, tx: Parameters<typeof lockPack>[0]) => Promise<unknown>,
): Promise<void> {
  const { zone }: { zone: PackZone } = await packOf(api.jobs, id);
  await transaction(api.jobs.pool, async (tx) => {
    await touchZone(tx, zone.id);
    const pack = (await lockPack(tx, zone.id, id)) ?? assert.fail();
    // Only the row tells of certificates in this test: none are stored beside it.
    await work({ ...pack, certificates: held.get(id) ?? [] }, tx);
  });
}
