import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exactCheck } from '../../../bench/exact.ts';
import { startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { assertStored } from '../../../test/support/stored.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

test('any page of any filter is exact while six writers insert, move, delete, fail over and roll back', async () => {
  const said: string[] = [];
  const result = await exactCheck({ pool: deps.pool, checks: 1_500, packs: 300 }, (what) => said.push(what));
  assert.deepEqual(said.slice(0, 3), []);
  assert.equal(result.deadlocks, 0);
  assert(result.writes > 200 && result.rolled_back > 50 && result.failovers > 10, JSON.stringify(result));
  await assertStored(deps.pool, { delegationZone: 'dcv.example.net' });
});
