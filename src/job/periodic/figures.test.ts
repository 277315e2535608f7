/** Figures of the whole installation: counted by one process, told by all. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  edgeNamed,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { assertStored } from '../../../test/support/stored.ts';
import { days, hours, minutes, after as then } from '../../kit/time.ts';
import type { CertificateAuthority, PackStatus, PackType } from '../../pack/pack.ts';
import { take } from '../../store/ca-limits.ts';
import { observe } from '../../store/deployments.ts';
import { countLimits } from '../../store/figure-counts.ts';
import { claimFigure, getFigures } from '../../store/figures.ts';
import { transaction } from '../../store/store.ts';
import { countFigures } from './figures.ts';

let deps: TestJobDeps;
const ends = new AsyncDisposableStack();
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

const count = () => countFigures(deps, new AbortController().signal);
const packsFigure = async () => (await getFigures(deps.pool))['packs.2'] ?? assert.fail('it was counted');

/** Packs of a CA with certificates that end in 90 days, and are renewed by their own time, after two thirds of their life. */
async function givenServed(ca: CertificateAuthority, n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    const zone = await givenZone(deps, `${ca.replace('_', '-')}-${i}.test`);
    await givenCertificates(
      deps,
      await givenPack(deps, zone, { status: 'active', certificateAuthority: ca }),
    );
  }
}

/** What is counted of a CA now. */
async function countedOf(ca: CertificateAuthority) {
  await count();
  return (await packsFigure()).value.cas[ca] ?? assert.fail(`nothing is counted of ${ca}`);
}

test('certificates are counted by the part of life that is left to them, by CA, and so are renewals that are late', async () => {
  await givenServed('google', 3);
  await givenServed('ssl_com', 1);
  // Bounds: 0, .05, .1, .2, .3333, .5, .6667, 1.
  assert.deepEqual((await countedOf('google')).lives, [0, 0, 0, 0, 0, 0, 0, 3, 0]);
  const { madeOn, value } = await packsFigure();
  assert.equal(value.statuses.ours.active, 4);
  assert.equal(value.cas.lets_encrypt, undefined);

  deps.clock.advance(days(61)); // a third of 90 days are left at 60, a tenth later it is a risk
  const { lives, overdue, atRisk, lifeLeft } = await countedOf('google');
  assert.deepEqual(lives, [0, 0, 0, 0, 3, 0, 0, 0, 0]);
  assert.deepEqual({ overdue, atRisk }, { overdue: 3, atRisk: 0 });
  assert.equal(Math.round(lifeLeft * 90), 3 * 29);
  assert.equal((await countedOf('ssl_com')).overdue, 1);

  deps.clock.advance(days(9));
  const risky = await countedOf('google');
  assert.deepEqual([risky.overdue, risky.atRisk], [3, 3]);
  const end = risky.soonestEnd * 1_000 - then(madeOn, days(90)).getTime();
  assert(Math.abs(end) < 10_000, 'the end of the first');

  deps.clock.advance(days(21));
  assert.deepEqual((await countedOf('google')).lives, [3, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('packs that their owners renew are counted apart, whatever made them', async () => {
  const { ours, owners } = (await packsFigure()).value.statuses;
  const given = async (type: PackType, status: PackStatus) => {
    const zone = await givenZone(deps, `${type.replaceAll('_', '-')}-${status.replaceAll('_', '-')}.test`);
    await givenPack(deps, zone, { type, status, certificateAuthority: undefined });
  };
  for (const type of ['keyless', 'legacy_custom', 'sni_custom', 'mh_custom'] as const)
    await given(type, 'pending_expiration');
  await given('sni_custom', 'expired');
  await given('universal', 'expired');
  await given('managed_hostname', 'pending_expiration');
  deps.clock.advance(hours(1));
  await count();
  const { statuses } = (await packsFigure()).value;
  assert.deepEqual(statuses.owners, { ...owners, pending_expiration: 4, expired: 1 });
  assert.deepEqual(statuses.ours, { ...ours, pending_expiration: 1, expired: 1 });
});

test('a figure of another shape, which another version counted, is not told', async () => {
  const { pool, clock } = deps;
  const claim = `insert into figures (name, value, made_on, seconds, due_at) values ('packs.1', '{}', $1, 0, $1)`;
  await pool.query(claim, [clock.now()]);
  assert.deepEqual(Object.keys(await getFigures(pool)).toSorted(), [
    'customers.1',
    'edges.1',
    'keyless.1',
    'packs.2',
  ]);
});

test('rows that an earlier version wrote are counted under their CA', async () => {
  await deps.pool.query('update pack_renewals set ca = null');
  deps.clock.advance(hours(1));
  await count();
  const { cas } = (await packsFigure()).value;
  assert.deepEqual([cas.google?.overdue, cas.ssl_com?.overdue], [3, 1]);
  await assertStored(deps.pool, deps.json);
});

test('of several processes one counts, not before it is due', async () => {
  deps.clock.advance(hours(1));
  const old = (await packsFigure()).madeOn;
  await Promise.all([count(), count(), count()]);
  const { rows } = await deps.pool.query<{ claim: number }>(
    "select claim from figures where name = 'packs.2'",
  );
  await count();
  const again = await deps.pool.query<{ claim: number }>("select claim from figures where name = 'packs.2'");
  assert.deepEqual(again.rows, rows, 'it is not due yet');
  assert((await packsFigure()).madeOn > old);
});

test('who is killed while he counts is followed by another, and what he stores late is not told', async () => {
  deps.clock.advance(hours(1));
  const claimed = await claimFigure(deps.pool, 'packs.2', deps.clock.now(), minutes(5));
  assert(claimed);
  await count();
  const old = (await packsFigure()).madeOn;
  deps.clock.advance(minutes(4));
  await count();
  assert.deepEqual((await packsFigure()).madeOn, old, 'he may count yet');
  deps.clock.advance(minutes(2));
  await count();
  assert((await packsFigure()).madeOn > old);
});

test('a clock that was far ahead does not put a count off for long', async () => {
  await deps.pool.query("update figures set due_at = due_at + interval '2 days'");
  const { madeOn } = await packsFigure();
  await count();
  assert((await packsFigure()).madeOn > madeOn);
});

test('a count that fails is tried again in a minute, not at once', async () => {
  deps.clock.advance(hours(1));
  await deps.pool.query('alter table pack_renewals rename to pack_renewals_away');
  await assert.rejects(count());
  await deps.pool.query('alter table pack_renewals_away rename to pack_renewals');
  const { madeOn } = await packsFigure();
  await count();
  assert.deepEqual((await packsFigure()).madeOn, madeOn);
  deps.clock.advance(minutes(2));
  await count();
  assert((await packsFigure()).madeOn > madeOn);
});

test('limits are told by the bucket that is emptiest, and how many are empty', async () => {
  const { pool, clock } = deps;
  const limit = { most: 3, within: hours(3) };
  const bucket = (subject: string) => ({ kind: 'domain', subject, limit });
  const now = clock.now();
  const spend = (subject: string) => transaction(pool, (tx) => take(tx, 'google', [bucket(subject)], now));
  for (let i = 0; i < 3; i++) assert.equal(await spend('a.test'), undefined);
  assert.equal(await spend('b.test'), undefined);
  assert(await spend('a.test'), 'nothing is left');
  const asked = [
    { ca: 'google', kind: 'domain', emptyAt: limit.within - limit.within / limit.most },
  ] as const;
  const [use, ...more] = await countLimits(pool, asked, now);
  assert.deepEqual(more, []);
  assert.deepEqual(
    { ...use, fullOn: Math.round(((use?.fullOn ?? 0) * 1_000 - now.getTime()) / 1_000) },
    {
      ca: 'google',
      kind: 'domain',
      fullOn: hours(3),
      empty: 1,
    },
  );
  assert.deepEqual((await countLimits(pool, asked, then(now, hours(2))))[0]?.empty, 0);
});

test('an edge that does not show what it is to show is counted, and since when, until it does', async () => {
  const [edge, other] = [edgeNamed('edge-a'), edgeNamed('edge-b')];
  const ours = { ...deps, edges: [edge, other] };
  const told = async () => {
    deps.clock.advance(hours(1));
    await countFigures(ours, new AbortController().signal);
    return (await getFigures(deps.pool))['edges.1']?.value.edges ?? assert.fail();
  };
  const packId = await givenPack(deps, await givenZone(deps, 'shown.test'), { status: 'active' });
  const behind = (problem: string | null) => observed(packId, problem);
  await deps.pool.query(
    `insert into deployments (cell, zone_id, pack_id, edge, desired_ecdsa)
     select cell, zone_id, id, 'edge-a', 'x' from packs where id = $1`,
    [packId],
  );
  await behind('it shows another');
  const since = Math.floor(deps.clock.now().getTime() / 1_000);
  assert.deepEqual(
    (await told()).map((one) => ({
      ...one,
      since: one.since === null ? null : Math.floor(one.since) - since,
    })),
    [
      { edge: 'edge-a', packs: 1, since: 0 },
      { edge: 'edge-b', packs: 0, since: null },
    ],
  );
  await behind('it shows another still');
  assert.equal(Math.floor((await told())[0]?.since ?? 0), since, 'since it was seen first');
  await behind(null);
  assert.deepEqual((await told())[0], { edge: 'edge-a', packs: 0, since: null });
});

/** What a handshake showed, as it is written down. */
async function observed(packId: string, problem: string | null): Promise<void> {
  const pack = await packOf(deps, packId);
  await transaction(deps.pool, (tx) =>
    observe(tx, pack, { edge: 'edge-a', observed: {}, problem: problem ?? undefined }, deps.clock.now()),
  );
}
