/** What the subscriber hurries by PATCH. */
import assert from 'node:assert/strict';
import { after, before as first, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  dueIn,
  edgeNamed,
  packOf,
  startDesk,
  type TestDesk,
} from '../../test/support/desk.ts';
import { givenActive, pass, wishful } from '../../test/support/renewing.ts';
import { scriptedCa } from '../../test/support/scripted-ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { days, hours } from '../kit/time.ts';
import { transaction } from '../store/store.ts';
import { hurry } from './restart.ts';

const ends = new AsyncDisposableStack();
let plain: TestDesk;
first(async () => {
  plain = await startDesk(ends);
});
after(() => ends.disposeAsync());

/** A desk with a CA, and an edge that shows what it is wished to. */
function given(t: TestContext): TestDesk {
  const clock = new VirtualClock();
  const desk = { ...plain, clock, lookAtTxt: allVisible, edges: [edgeNamed('edge-a')] };
  return { ...desk, showLeaf: wishful(desk), cas: scriptedCa(t, {}, clock).cas };
}

test('a renewal that waits for its next try is tried at once when the subscriber wants it, and not again and again', async (t) => {
  const desk = given(t);
  const id = await givenActive(desk);
  const down = { ...desk, cas: new Map() };
  await pass(down, days(82) + hours(2));
  assert(((await dueIn(desk, id)) ?? 0) > 60, 'by itself it waits');
  const wish = async (worker: string | null = null) => {
    await desk.pool.query('update packs set worker = $1', [worker]);
    await transaction(desk.pool, async (tx) => hurry(tx, desk, await packOf(desk, id), { id: 'somebody' }));
    return (await packOf(desk, id)).modifiedOn;
  };
  const { modifiedOn: before } = await packOf(desk, id);
  desk.clock.advance(11);
  const hurried = await wish();
  await carryAll(down);
  const { modifiedOn } = await packOf(desk, id);
  assert(hurried > before);
  assert.deepEqual(await wish(), modifiedOn, 'seconds later nothing is done');
  desk.clock.advance(11);
  assert.deepEqual(await wish('busy'), modifiedOn, 'nobody’s work is taken from him');
  await wish();
  await carryAll(desk);
  assert.equal((await packOf(desk, id)).status, 'active');
});
