/** The record of an account is read for its alerts from the time of its first policy on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { givenPack, givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { ensureAlertReader } from './alert-readers.ts';
import { latestPosition } from './pack-events.ts';
import { transaction } from './store.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

test('a reader begins where the record is, goes on where it is, and begins anew there after it slept', async () => {
  const { accountId, ...zone } = await givenZone(deps, 'one.test');
  const ensure = () => transaction(deps.pool, (tx) => ensureAlertReader(tx, accountId, deps.clock.now()));
  const read = async () => {
    const { rows } = await deps.pool.query<{ xact: string; seq: string; claim: number }>(
      'select xact, seq, claim from alert_readers where account_id = $1',
      [accountId],
    );
    return rows;
  };
  await ensure();
  const [first] = await read();
  await givenPack(deps, { ...zone, accountId });
  await ensure();
  assert.deepEqual(await read(), [{ ...first, claim: (first?.claim ?? 0) + 1 }], 'it goes on where it is');
  await deps.pool.query("update alert_readers set due_at = 'infinity'");
  await ensure();
  const { position } = await latestPosition(deps.pool, accountId);
  const [woken] = await read();
  assert.deepEqual([woken?.xact, Number(woken?.seq)], [position.xact, position.seq]);
});
