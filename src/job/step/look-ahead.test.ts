/** Delegations between two validations: the DNS is in the test's hands, the CA is simulated, the database real. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  carryAll,
  clear,
  dueIn,
  edgeNamed,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { pass, wishful } from '../../../test/support/renewing.ts';
import type { TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { days } from '../../kit/time.ts';
import { toPackJson } from '../../pack/pack-json.ts';

const ends = new AsyncDisposableStack();
const json = { delegationZone: 'dcv.example.net' };
let plain: TestJobDeps;
before(async () => {
  plain = { ...(await startJobDeps(ends)), json };
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

const NO_WINDOW: TestRule = { on: 'directory', fault: 'patch', body: { renewalInfo: null } };

/** A pack in a partial zone that is served; `is.led` says whether its CNAME leads to us, as far as servers tell. */
async function given(t: TestContext, type: 'full' | 'partial' = 'partial') {
  const is = { led: true as boolean | undefined, looks: 0 };
  const precheckTxt: TestJobDeps['precheckTxt'] = async (record) => {
    is.looks += 1;
    const told = record.delegatedTo === undefined ? undefined : is.led;
    return { ...record, isVisible: true, seen: [], ...(told !== undefined && { isLedToUs: told }) };
  };
  const deps = { ...plain, clock: new VirtualClock(), precheckTxt, edges: [edgeNamed('edge-a')] };
  const { at } = await withCa(t, { ...deps, showLeaf: wishful(deps) }, { rules: [NO_WINDOW] });
  const id = await givenPack(at, await givenZone(at, `ahead-${type}.test`, type));
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'active');
  return { at, id, is };
}

const statuses = async (deps: TestJobDeps, id: string) =>
  toPackJson(await packOf(deps, id), json).dcv_delegation_records.map(({ status }) => status);

test('a CNAME that is gone a week before the renewal is told, and one that is back then too', async (t) => {
  const { at, id, is } = await given(t);
  assert.deepEqual(await statuses(at, id), ['active']);
  const due = (await dueIn(at, id)) ?? 0;
  assert(due > days(50) && due < days(54), `due in ${due} s`);
  is.led = false;
  await pass(at, due + 1);
  assert.deepEqual(await statuses(at, id), ['pending']);
  assert.equal((await packOf(at, id)).status, 'active');
  is.led = true;
  const renewal = (await dueIn(at, id)) ?? 0;
  assert(renewal > days(6) && renewal < days(8), `renewed in ${renewal} s`);
  await pass(at, renewal + 1);
  assert.deepEqual(await statuses(at, id), ['active']);
});

test('servers that do not tell change nothing', async (t) => {
  const { at, id, is } = await given(t);
  is.led = undefined;
  await pass(at, ((await dueIn(at, id)) ?? 0) + 1);
  assert.deepEqual(await statuses(at, id), ['active']);
});

test('one look ahead is made for a renewal, and none in a zone that we answer for', async (t) => {
  const { at, id, is } = await given(t);
  const looks = is.looks;
  await pass(at, ((await dueIn(at, id)) ?? 0) + 1);
  assert.equal(is.looks, looks + 1);
  const full = await given(t, 'full');
  assert.deepEqual(await statuses(full.at, full.id), []);
  assert(((await dueIn(full.at, full.id)) ?? 0) > days(57));
});
