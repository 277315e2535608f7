/** What is kept of a CA's limits: for renewals, and for accounts that did not use theirs. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  clear,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import type { Ca, CaRow } from '../../ca/ca.ts';
import { Fault } from '../../kit/fault.ts';
import { hours, minutes } from '../../kit/time.ts';
import { lifeWork, type Work } from '../../operation/work.ts';
import type { Run } from '../../pack/pack.ts';
import { spendOrder } from './ca-limits.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

async function given(t: TestContext, row: Partial<CaRow>): Promise<Ca> {
  const ca = (await withCa(t, deps)).at.cas.get('lets_encrypt');
  assert(ca);
  return { ...ca, row: { ...ca.row, ...row } };
}

/** A new pack of an account of its own, and the same pack when it is renewed. */
async function works(zoneName: string): Promise<{ readonly first: Work; readonly renewal: Work }> {
  const pack = await packOf(deps, await givenPack(deps, await givenZone(deps, zoneName)));
  const first = lifeWork(pack);
  const run: Run = { ...first.run, kind: 'renewal' };
  return { first, renewal: { ...first, run } };
}

/** Orders until it is refused, so often at most; how many were sent, and why it ended. */
async function spendAll(ca: Ca, work: Work, most = 1_000): Promise<{ sent: number; why: string }> {
  for (let sent = 0; sent < most; sent++) {
    const refused = await spendOrder(deps, work, ca).catch((error: unknown) => error);
    if (refused instanceof Fault) return { sent, why: refused.message };
    assert.equal(refused, undefined);
  }
  return { sent: most, why: '' };
}

test('new packs leave a quarter of a CA’s limit to renewals, and a single account may use the rest at once', async (t) => {
  const ca = await given(t, { limits: { orders: { most: 8, within: hours(8) } } });
  const { first, renewal } = await works('one.test');
  const { sent, why } = await spendAll(ca, first);
  assert.equal(sent, 6);
  assert.match(why, /8 new orders in 8 hours, and these were used up, but for what is kept for renewals; /);
  assert.equal((await spendAll(ca, renewal)).sent, 2);
  deps.clock.advance(hours(1));
  assert.equal((await spendAll(ca, first)).sent, 0, 'what comes back is for renewals first');
  assert.equal((await spendAll(ca, renewal)).sent, 1);
});

test('the last certificate that a CA gives for a set of hosts in a while is one that renews', async (t) => {
  const ca = await given(t, { limits: { duplicates: { most: 5, within: hours(5) } } });
  const { first, renewal } = await works('one.test');
  assert.equal((await spendAll(ca, first)).sent, 4);
  assert.equal((await spendAll(ca, renewal)).sent, 1);
});

test('an account that takes all it can leaves some to another, which comes later, and to renewals', async (t) => {
  const ca = await given(t, { limits: { orders: { most: 100, within: hours(10) } } });
  const [greedy, late] = [await works('greedy.test'), await works('late.test')];
  const { sent, why } = await spendAll(ca, greedy.first);
  assert(sent >= 55 && sent <= 65, `${sent} of 100`);
  assert.match(why, /but for what is kept for renewals and other accounts; /);
  const { sent: rest } = await spendAll(ca, late.first);
  assert(rest >= 10, `${rest} are left`);
  const { sent: renewed } = await spendAll(ca, late.renewal);
  assert(renewed >= 20, `${renewed} are left to renewals`);
});

test('renewals of one account do not use up what those of another need', async (t) => {
  const ca = await given(t, { limits: { orders: { most: 100, within: hours(10) } } });
  const [greedy, late] = [await works('greedy.test'), await works('late.test')];
  assert((await spendAll(ca, greedy.renewal)).sent <= 85);
  assert((await spendAll(ca, late.renewal)).sent >= 15);
});

test('two accounts that always want more get the same, however often one of them asks', async (t) => {
  const ca = await given(t, { limits: { orders: { most: 60, within: hours(10) } } });
  const [greedy, modest] = [await works('greedy.test'), await works('modest.test')];
  await spendAll(ca, greedy.first);
  let [much, little] = [0, 0];
  for (let i = 0; i < 180; i++) {
    deps.clock.advance(minutes(10));
    much += (await spendAll(ca, greedy.first, 5)).sent;
    little += (await spendAll(ca, modest.first, 1)).sent;
  }
  assert(much + little >= 170, `${much + little} of 180 that came back were used`);
  assert(little / much > 0.8, `${much} and ${little}`);
});

test('where each account has one of its own at the CA, each has the limits for itself', async (t) => {
  const limits = { orders: { most: 8, within: hours(8) } };
  const ca = await given(t, { limits, hasAccountPerTenant: true });
  const [one, other] = [await works('one.test'), await works('other.test')];
  assert.equal((await spendAll(ca, one.first)).sent, 6);
  assert.equal((await spendAll(ca, other.first)).sent, 6);
});
