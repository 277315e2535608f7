/** Packs go to the edges of the other environment and back, with the clock, both CAs and the edges in the test's hands. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { assertStatuses, givenBacked, swap } from '../../test/support/backed.ts';
import {
  allVisible,
  carryAll,
  clear,
  packOf,
  servedHosts,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import {
  carry,
  dark,
  fingerprints,
  givenBoth,
  givenIssued,
  move,
  moved,
  recorded,
  refusedAs,
  shownIn,
  wantedAt,
} from '../../test/support/pack-moving.ts';
import { pass } from '../../test/support/renewing.ts';
import { CHECK } from '../../test/support/zone-scene.ts';
import { Fault } from '../kit/fault.ts';
import { days, hours } from '../kit/time.ts';
import type { PackType } from '../pack/pack.ts';
import { OPERATOR } from '../store/audit.ts';
import { listChanges } from '../store/edge-changes.ts';
import { transaction } from '../store/store.ts';
import { override } from './advance.ts';
import { changeZone } from './change-zone.ts';
import { deletePack } from './delete-pack.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(async () => {
  await clear(plain);
  await ends.disposeAsync();
});

test('one goes to the other edges and back under its id, with its certificates, and the edges of both are told', async (t) => {
  const { deps, letsEncrypt } = await givenBoth(t, plain);
  const id = await givenIssued(deps, 'staging');
  const first = await packOf(deps, id);
  assert.equal(first.status, 'staging_active');
  assert.equal(await shownIn(deps, id), 'staging');
  const asked = letsEncrypt.requests.length;
  for (const [to, status, edge] of [
    ['production', 'active', 'edge-p'],
    ['staging', 'staging_active', 'edge-s'],
  ] as const) {
    deps.clock.advance(1);
    const since = deps.clock.now();
    deps.clock.advance(1);
    await move(deps, id, to);
    assert.deepEqual([await servedHosts(deps, id), await wantedAt(deps, id)], [[], []]);
    assert.equal(await shownIn(deps, id), '');
    await carry(deps);
    const pack = await packOf(deps, id);
    assert.deepEqual([pack.status, pack.environment, pack.validationErrors], [status, to, []]);
    assert.deepEqual([await shownIn(deps, id), await wantedAt(deps, id)], [to, [edge]]);
    const told = (await listChanges(deps.pool, since)).map(({ environment }) => environment);
    assert.deepEqual([...new Set(told)].toSorted(), ['production', 'staging']);
    assert.deepEqual(fingerprints(pack), fingerprints(first));
  }
  const moves = (await recorded(deps, id)).slice(-4);
  assert.deepEqual(moves, ['promote', 'done', 'stage', 'done']);
  const more = letsEncrypt.requests.slice(asked).filter((one) => /order/.test(one));
  assert.deepEqual(more, [], 'no CA is asked for anything');
});

test('the same again changes nothing', async (t) => {
  const { deps } = await givenBoth(t, plain);
  const id = await givenIssued(deps, 'staging');
  for (const to of ['staging', 'production', 'production'] as const) {
    if (to === 'production') await moved(deps, id, to);
    const unchanged = [await packOf(deps, id), await recorded(deps, id)];
    deps.clock.advance(60);
    await move(deps, id, to);
    assert.deepEqual([await packOf(deps, id), await recorded(deps, id)], unchanged);
  }
});

test('one on its way can go back, and one whose time ran out there goes elsewhere', async (t) => {
  const { deps } = await givenBoth(t, plain);
  const id = await givenIssued(deps, 'staging');
  const noProduction = dark(deps, 'production');
  assert.equal(await moved(noProduction, id, 'production'), 'pending_deployment');
  assert.equal(await moved(noProduction, id, 'staging'), 'staging_active');
  assert.deepEqual(await wantedAt(deps, id), ['edge-s']);
  assert.equal(await moved(noProduction, id, 'production'), 'pending_deployment');
  await pass(noProduction, days(1) + 60);
  assert.equal((await packOf(deps, id)).status, 'deployment_timed_out');
  const noStaging = dark(deps, 'staging');
  assert.equal(await moved(noStaging, id, 'staging'), 'staging_deployment');
  await pass(noStaging, days(1) + 60);
  assert.equal((await packOf(deps, id)).status, 'deployment_timed_out');
  assert.equal(await moved(deps, id, 'production'), 'active');
  assert.equal(await shownIn(deps, id), 'production');
});

test('what is not issued yet goes there once it is, and Total TLS looks at names that nothing will cover', async (t) => {
  const { deps } = await givenBoth(t, plain);
  const unseen: TestJobDeps = { ...deps, precheckTxt: plain.precheckTxt };
  const id = await givenIssued(unseen, 'production');
  const waiting = await packOf(deps, id);
  assert.equal(waiting.status, 'pending_validation');
  await deps.pool.query('update zones set total_tls = true where id = $1', [waiting.zone.id]);
  assert.equal(await move(deps, id, 'staging'), 'pending_validation');
  const { environment, validationRecords } = await packOf(deps, id);
  assert.deepEqual([environment, validationRecords], ['staging', waiting.validationRecords]);
  const { rowCount } = await deps.pool.query('select from total_tls_looks where zone_id = $1', [
    waiting.zone.id,
  ]);
  assert.equal(rowCount, 1);
  await pass({ ...deps, precheckTxt: allVisible }, 120);
  await carry(deps);
  assert.equal((await packOf(deps, id)).status, 'staging_active');
  assert.equal((await recorded(deps, id)).filter((event) => event === 'move').length, 1);
});

test('in a closed zone it is held off all edges until that is open, wherever it is sent meanwhile', async (t) => {
  const { deps } = await givenBoth(t, plain);
  for (const from of ['staging', 'production'] as const) {
    const id = await givenIssued(deps, from);
    const { zone } = await packOf(deps, id);
    const pause = (isPaused: boolean) =>
      changeZone({ ...deps, zonePolicy: CHECK }, zone, { isPaused }, OPERATOR);
    await pause(true);
    const to = from === 'staging' ? 'production' : 'staging';
    assert.equal(await move(deps, id, to), 'holding_deployment');
    assert.deepEqual([await servedHosts(deps, id), await wantedAt(deps, id)], [[], []]);
    await carry(deps);
    assert.equal(await moved(deps, id, from), 'holding_deployment');
    assert.equal(await moved(deps, id, to), 'holding_deployment');
    assert.equal(await shownIn(deps, id), '');
    await pause(false);
    await carry(deps);
    assert.equal((await packOf(deps, id)).status, to === 'staging' ? 'staging_active' : 'active');
    assert.equal(await shownIn(deps, id), to);
  }
});

test('what had drifted has the time of any other at the edges that it goes to', async (t) => {
  const { deps } = await givenBoth(t, plain);
  const id = await givenIssued(deps, 'production');
  const driftedOn = deps.clock.now();
  await transaction(deps.pool, async (tx) =>
    override(tx, deps, await packOf(deps, id), { event: 'drift', driftedOn }),
  );
  const noStaging = dark(deps, 'staging');
  assert.equal(await moved(noStaging, id, 'staging'), 'staging_deployment');
  await pass(noStaging, days(1) + 60);
  assert.equal((await packOf(deps, id)).status, 'deployment_timed_out');
});

test('a pack and its backup go together, whichever serves, also while they change places', async (t) => {
  const { deps } = await givenBoth(t, plain);
  const ids = await givenBacked(deps, { environment: 'staging' });
  const { id, backupId } = ids;
  await carry(deps);
  await assertStatuses(deps, ids, ['staging_active', 'backup_issued']);
  await assert.rejects(move(deps, backupId, 'production'), refusedAs(new RegExp(`${id} goes: PATCH that`)));
  await moved(deps, id, 'production');
  await assertStatuses(deps, ids, ['active', 'backup_issued']);
  await swap(dark(deps, 'production'), ids, backupId);
  await carryAll(dark(deps, 'production'));
  await assertStatuses(deps, ids, ['active', 'pending_deployment']);
  await move(deps, id, 'staging');
  await assertStatuses(deps, ids, ['deactivating', 'staging_deployment']);
  assert.deepEqual([await servedHosts(deps, id), await servedHosts(deps, backupId)], [[], []]);
  await carry(deps);
  await assertStatuses(deps, ids, ['inactive', 'staging_active']);
  assert.deepEqual([await shownIn(deps, id), await shownIn(deps, backupId)], ['', 'staging']);
  await moved(deps, id, 'production');
  await assertStatuses(deps, ids, ['inactive', 'active']);
  assert.deepEqual([await shownIn(deps, id), await shownIn(deps, backupId)], ['', 'production']);
  for (const one of [id, backupId]) assert.equal((await packOf(deps, one)).environment, 'production');
  deps.clock.advance(hours(1));
  await swap(deps, ids, id);
  await carry(deps);
  await assertStatuses(deps, ids, ['active', 'backup_issued']);
  assert.equal(await shownIn(deps, id), 'production');
});

const ELSEWHERE: readonly (readonly [PackType, RegExp])[] = [
  ['universal', /is of type universal, which is for production/],
  ['total_tls', /is of type total_tls, which is for production/],
];
for (const [type, words] of ELSEWHERE)
  test(`one of type ${type} stays where it is, and is told so`, async (t) => {
    const { deps } = await givenBoth(t, plain);
    const id = await givenIssued(deps, 'production', { type });
    const there = await packOf(deps, id);
    await assert.rejects(move(deps, id, 'staging'), refusedAs(words));
    assert.equal(await move(deps, id, 'production'), there.status);
    assert.equal((await packOf(deps, id)).environment, 'production');
  });

test('one that is deleted or expired goes nowhere', async (t) => {
  const { deps } = await givenBoth(t, plain);
  const id = await givenIssued(deps, 'staging');
  const down = { ...deps, cas: new Map() };
  for (let day = 0; day < 92; day += 4) await pass(down, days(4));
  assert.equal((await packOf(deps, id)).status, 'expired');
  await assert.rejects(move(deps, id, 'production'), refusedAs(/has expired: PATCH it without deploy/));
  const other = await givenIssued(deps, 'staging');
  const { zone } = await packOf(deps, other);
  await deletePack(deps, { zoneId: zone.id, id: other, by: OPERATOR });
  await assert.rejects(move(deps, other, 'production'), refusedAs(/is being deleted/));
  assert.equal((await packOf(deps, other)).status, 'pending_deletion');
});

test('whoever has one go to and fro again and again is told to wait', async (t) => {
  const { deps } = await givenBoth(t, plain);
  const id = await givenIssued(deps, 'staging');
  for (let i = 0; i < 15; i++) {
    await move(deps, id, 'production');
    await move(deps, id, 'staging');
  }
  await assert.rejects(
    move(deps, id, 'production'),
    (error) => error instanceof Fault && error.fault === 'too_many_requests' && (error.retryAfter ?? 0) > 60,
  );
  assert.equal((await packOf(deps, id)).environment, 'staging');
  deps.clock.advance(120);
  assert.equal(await moved(deps, id, 'production'), 'active');
});
