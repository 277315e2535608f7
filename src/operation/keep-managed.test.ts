/** Zones with which what the service makes by itself fails. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { unavailable } from '../store/unavailable.ts';
import { keepManaged } from './keep-managed.ts';
import { NOTHING_MANAGED } from './managed-policy.ts';
import { NO_QUOTAS } from './quotas.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

/** As it is where `error` is thrown while a zone is held. */
const failing = (error: Error) => ({
  ...deps,
  quotas: NO_QUOTAS,
  managed: {
    ...NOTHING_MANAGED,
    get rows(): never {
      throw error;
    },
  },
});

test('a zone is due again a second after the database could not answer, and an hour after another error', async () => {
  const { id } = await givenZone(deps, 'shop.test');
  const sql = 'select from zones where id = $1 and managed_due <= $2';
  const isDue = async () => (await deps.pool.query(sql, [id, deps.clock.now()])).rows.length === 1;
  for (const [error, pause] of [
    [unavailable('it is crowded'), 1],
    [new Error('nobody foresaw it'), 3_600],
  ] as const) {
    const now = deps.clock.now();
    await deps.pool.query('update zones set universal = true, managed_due = $2 where id = $1', [id, now]);
    await assert.rejects(keepManaged(failing(error)), error);
    assert.equal(await isDue(), false);
    deps.clock.advance(pause + 0.5);
    assert.equal(await isDue(), true, error.message);
  }
});
