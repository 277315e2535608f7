import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { until } from '../../../test/support/world.ts';
import { logChange } from '../../store/edge-changes.ts';
import { transaction } from '../../store/store.ts';
import { followChanges } from './edge-changes.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

const log = (host: string) =>
  transaction(deps.pool, (tx) =>
    logChange(tx, { environment: 'production', hosts: [host] }, deps.clock.now()),
  );

test('a change is told once, also one from before a clock was put forward', async (t) => {
  const told: string[] = [];
  const following = followChanges(deps, ({ hosts }) => told.push(...hosts));
  t.after(following.stop);
  await log('one.test');
  await until(
    async () => told.length,
    (count) => count > 0,
    10,
  );
  await log('two.test');
  deps.clock.advance(3_600);
  await log('three.test');
  await until(
    async () => told.length,
    (count) => count > 2,
    10,
  );
  assert.deepEqual(told, ['one.test', 'two.test', 'three.test']);
});
