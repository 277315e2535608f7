/** The two over the life of their certificates, with the clock, both CAs and the edge in the test's hands; the database is real. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  assertStatuses,
  givenBacked,
  givenBackedActive,
  givenTwoCas,
  swap,
} from '../../test/support/backed.ts';
import {
  carryAll,
  clear,
  dueIn,
  givenPack,
  givenZone,
  packOf,
  servedHosts,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { pass } from '../../test/support/renewing.ts';
import { Fault } from '../kit/fault.ts';
import { days, minutes } from '../kit/time.ts';
import type { Pack } from '../pack/pack.ts';
import { OPERATOR } from '../store/audit.ts';
import { deletePack } from './delete-pack.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

const fingerprints = ({ certificates }: Pack): string[] => certificates.map(({ fingerprint }) => fingerprint);
const isFault = (name: string) => (error: unknown) => error instanceof Fault && error.fault === name;

/** So many days, a step every four. */
async function live(deps: TestJobDeps, length: number): Promise<void> {
  for (let day = 0; day < length; day += 4) await pass(deps, days(4));
}

test('both are renewed, the one that stands by on no edge', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  for (const swapped of [false, true]) {
    if (swapped) {
      await swap(deps, ids, ids.backupId);
      for (let i = 0; i < 2; i++) await carryAll(deps);
    }
    const standby = swapped ? ids.id : ids.backupId;
    const first = await packOf(deps, standby);
    await live(deps, 75);
    await assertStatuses(deps, ids, swapped ? ['inactive', 'active'] : ['active', 'backup_issued']);
    const renewed = await packOf(deps, standby);
    assert.equal(new Set([...fingerprints(first), ...fingerprints(renewed)]).size, 4);
    assert.deepEqual(await servedHosts(deps, standby), []);
    assert(((await dueIn(deps, standby)) ?? 0) > 0);
  }
});

test('a renewal that is under way when they change places goes on by the order that it has', async (t) => {
  const { deps, google } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  const first = await packOf(deps, ids.id);
  const unseen: TestJobDeps = { ...deps, precheckTxt: plain.precheckTxt };
  await live(unseen, 64);
  const run = (await packOf(deps, ids.id)).renewal?.run;
  assert.equal(run?.status, 'pending_validation');
  const orders = google.requests.filter((one) => one.endsWith('new-order')).length;
  await swap(deps, ids, ids.backupId);
  for (let i = 0; i < 3; i++) await carryAll(deps);
  await pass(deps, days(1));
  await assertStatuses(deps, ids, ['inactive', 'active']);
  const renewed = await packOf(deps, ids.id);
  assert.equal(new Set([...fingerprints(first), ...fingerprints(renewed)]).size, 4);
  const more = google.requests.filter((one) => one.endsWith('new-order')).length - orders;
  assert(more <= 1, `${more} new orders: that of the other algorithm at most`);
});

test('new certificates that no edge showed yet are kept with the one that goes', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  const first = await packOf(deps, ids.id);
  const away = { ...deps, showLeaf: async () => undefined };
  await live(away, 64);
  assert.equal((await packOf(deps, ids.id)).renewal?.run?.status, 'pending_deployment');
  await swap(deps, ids, ids.backupId);
  for (let i = 0; i < 4; i++) await carryAll(deps);
  await assertStatuses(deps, ids, ['inactive', 'active']);
  const kept = await packOf(deps, ids.id);
  assert.equal(new Set([...fingerprints(first), ...fingerprints(kept)]).size, 4);
  assert.equal(kept.renewal?.run, undefined);
});

test('a backup outlives a pack whose certificates ended, and takes its place', async (t) => {
  const { deps, google } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  google.script({ on: 'new-order', fault: 'answer', problem: 'rejectedIdentifier', detail: 'no' });
  await live(deps, 92);
  await assertStatuses(deps, ids, ['expired', 'backup_issued']);
  await swap(deps, ids, ids.id);
  await carryAll(deps);
  await assertStatuses(deps, ids, ['expired', 'active']);
  deps.clock.advance(minutes(5));
  await assert.rejects(swap(deps, ids, ids.backupId), isFault('backup_not_ready'));
});

test('what cannot be is refused: without a backup, before it is issued, after it ended', async (t) => {
  const { deps, letsEncrypt } = await givenTwoCas(t, plain);
  const zone = await givenZone(deps, 'alone.test');
  const alone = await givenPack(deps, zone);
  await assert.rejects(swap(deps, { id: alone, backupId: alone, zone }, alone), isFault('no_backup'));
  const fresh = await givenBacked(deps);
  for (const id of [fresh.id, fresh.backupId])
    await assert.rejects(swap(deps, fresh, id), isFault('backup_not_ready'));
  const ids = await givenBackedActive(deps);
  letsEncrypt.script({
    on: 'new-order',
    fault: 'answer',
    problem: 'rejectedIdentifier',
    detail: 'no',
  });
  await live(deps, 92);
  await assertStatuses(deps, ids, ['active', 'expired']);
  await assert.rejects(swap(deps, ids, ids.id), isFault('backup_not_ready'));
  await deletePack(deps, { zoneId: ids.zone.id, id: ids.id, by: OPERATOR });
  await assert.rejects(swap(deps, ids, ids.id), isFault('backup_not_ready'));
});
