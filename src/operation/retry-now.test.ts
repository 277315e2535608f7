/** What the subscriber hurries by PATCH. */
import assert from 'node:assert/strict';
import { after, before as first, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  dueIn,
  edgeNamed,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { givenActive, pass, wishful } from '../../test/support/renewing.ts';
import { withCa } from '../../test/support/simulator/with-ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { days, hours } from '../kit/time.ts';
import { transaction } from '../store/store.ts';
import { retryNow } from './retry-now.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
first(async () => {
  plain = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

/** What jobs are given, with a CA, and an edge that shows what it is wished to. */
async function given(t: TestContext): Promise<TestJobDeps> {
  const clock = new VirtualClock();
  const deps = { ...plain, clock, precheckTxt: allVisible, edges: [edgeNamed('edge-a')] };
  return (await withCa(t, { ...deps, showLeaf: wishful(deps) })).at;
}

test('a renewal that waits for its next try is tried at once when the subscriber wants it, and not again and again', async (t) => {
  const deps = await given(t);
  const id = await givenActive(deps);
  const down = { ...deps, cas: new Map() };
  await pass(down, days(82) + hours(2));
  assert(((await dueIn(deps, id)) ?? 0) > 60, 'by itself it waits');
  const wish = async (worker: string | null = null) => {
    await deps.pool.query('update packs set worker = $1', [worker]);
    await transaction(deps.pool, async (tx) =>
      retryNow(tx, deps, await packOf(deps, id), { id: 'somebody' }),
    );
    return (await packOf(deps, id)).modifiedOn;
  };
  const { modifiedOn: before } = await packOf(deps, id);
  deps.clock.advance(11);
  const hurried = await wish();
  await carryAll(down);
  const { modifiedOn } = await packOf(deps, id);
  assert(hurried > before);
  assert.deepEqual(await wish(), modifiedOn, 'seconds later nothing is done');
  deps.clock.advance(11);
  assert.deepEqual(await wish('busy'), modifiedOn, 'nobody’s work is taken from him');
  await wish();
  await carryAll(deps);
  assert.equal((await packOf(deps, id)).status, 'active');
});
