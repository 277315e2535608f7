/** What a version changes that does not know the counts of accounts is counted once it is gone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { givenPack, givenZone, startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { assertStored } from '../../../test/support/stored.ts';
import { hours, minutes, after as then } from '../../kit/time.ts';
import { getSetting } from '../../store/installation-settings.ts';
import { recountAccounts } from './recount.ts';

let deps: TestJobDeps;
const ends = new AsyncDisposableStack();
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

test('counts that an older version left wrong are mended once, an hour after the first start of this one', async () => {
  const { pool, clock } = deps;
  const zones = [await givenZone(deps, 'one.test'), await givenZone(deps, 'two.test')];
  for (const zone of zones) for (let i = 0; i < 3; i++) await givenPack(deps, zone, { status: 'active' });
  await givenPack(deps, zones[0] ?? assert.fail(), { status: 'pending_validation' });
  const on = clock.now();
  for (const past of [0, minutes(1)])
    await givenPack(deps, zones[0] ?? assert.fail(), {
      status: 'pending_issuance',
      modifiedOn: on,
      found: { cause: 'caa_forbids', on: then(on, -past), evidence: [] }, // the other was changed since it was found
    });
  const recount = () => recountAccounts(deps, new AbortController().signal);
  await recount();
  // As a version does it that knows of no such counts.
  await pool.query('update account_counts set n = n + 2 where account_id = $1', [zones[1]?.accountId]);
  await pool.query('delete from account_counts where account_id = $1', [zones[0]?.accountId]);
  await recount();
  clock.advance(minutes(59));
  await recount();
  await assert.rejects(assertStored(pool, deps.json), 'the older version may run yet');
  clock.advance(minutes(2));
  await Promise.all([recount(), recount()]);
  await assertStored(pool, deps.json);
  assert.equal(await getSetting(pool, 'counted'), '2 done');
  clock.advance(hours(2));
  await recount();
  await assertStored(pool, deps.json);
});
