/** A pack and its backup that are not to be on the edges, whatever is asked of either. */
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
  packOf,
  servedHosts,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { Fault } from '../kit/fault.ts';
import { OPERATOR } from '../store/audit.ts';
import { transaction } from '../store/store.ts';
import { withdraw } from './move-managed.ts';
import { revokePack } from './revoke-pack.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

const isFault = (name: string) => (error: unknown) => error instanceof Fault && error.fault === name;

test('a pack that is withdrawn while the two change places takes the other off the edges too', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  const { serving } = await swap(deps, ids, ids.backupId);
  await assertStatuses(deps, ids, ['active', 'pending_deployment']);
  await transaction(deps.pool, (tx) => withdraw(tx, deps, serving));
  await assertStatuses(deps, ids, ['deactivating', 'deactivating']);
  for (let i = 0; i < 2; i++) await carryAll(deps);
  await assertStatuses(deps, ids, ['inactive', 'inactive']);
  for (const id of [ids.id, ids.backupId]) assert.deepEqual(await servedHosts(deps, id), []);
});

test('what is held in a zone that is paused is not served by its backup either', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBacked(deps);
  await deps.pool.query('update zones set is_paused = true where id = $1', [ids.zone.id]);
  for (let i = 0; i < 2; i++) await carryAll(deps);
  await assertStatuses(deps, ids, ['holding_deployment', 'backup_issued']);
  for (const id of [ids.id, ids.backupId])
    await assert.rejects(swap(deps, ids, id), isFault('backup_not_ready'));
  await assertStatuses(deps, ids, ['holding_deployment', 'backup_issued']);
});

test('what Universal has off the edges is not put there by its backup', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBacked(deps, { type: 'universal' });
  await carryAll(deps);
  const pack = await packOf(deps, ids.id);
  await transaction(deps.pool, (tx) => withdraw(tx, deps, pack));
  for (const status of ['deactivating', 'inactive'] as const) {
    await assertStatuses(deps, ids, [status, 'backup_issued']);
    for (const id of [ids.id, ids.backupId])
      await assert.rejects(swap(deps, ids, id), isFault('backup_not_ready'));
    await carryAll(deps);
  }
});

test('a backup that Universal has off the edges leaves its pack off them when it is revoked', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBacked(deps, { type: 'universal' });
  await carryAll(deps);
  const { serving } = await swap(deps, ids, ids.backupId);
  await transaction(deps.pool, (tx) => withdraw(tx, deps, serving));
  for (let i = 0; i < 2; i++) await carryAll(deps);
  const which = { zoneId: ids.zone.id, id: ids.backupId, by: OPERATOR };
  await revokePack(deps, { ...which, reason: 'superseded' });
  for (let i = 0; i < 2; i++) await carryAll(deps);
  await assertStatuses(deps, ids, ['inactive', 'deleted']);
});
