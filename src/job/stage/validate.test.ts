import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  dueIn,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { scriptedCa } from '../../../test/support/scripted-ca.ts';
import type { CaOrder } from '../../ca/ca.ts';
import { Fault } from '../../kit/fault.ts';
import { days } from '../../kit/time.ts';
import { published } from '../../store/published-records.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const TXT = '_acme-challenge.one.test';

/** Values that our name servers show at a name. */
const shownAt = async ({ pool }: TestJobDeps, name: string): Promise<readonly string[]> =>
  (await published(pool, [{ name, suffixes: [] }]))[0]?.txt ?? [];
const valuesOf = (order: CaOrder | undefined) => order?.authorizations.map(({ txtValue }) => txtValue);
const unreachable = async () => {
  throw new Fault('ca_unreachable', 'the CA does not answer');
};

test('that the CA is told is stored before it is told', async (t) => {
  const seen: unknown[] = [];
  const validate = async (order: CaOrder): Promise<CaOrder> => {
    const { rows } = await deps.pool.query(`select is_answered from orders where state->>'url' = $1`, [
      order.url,
    ]);
    seen.push(...rows);
    return unreachable();
  };
  const at = { ...deps, cas: scriptedCa(t, { validate }).cas, precheckTxt: allVisible };
  await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  assert.deepEqual(seen, [{ is_answered: true }]);
});

test('a CA that was told is asked what it found before it is told again', async (t) => {
  const asked: string[] = [];
  const { cas } = scriptedCa(t, {
    validate: async () => {
      asked.push('validate');
      return unreachable();
    },
    look: async (order) => {
      asked.push('look');
      return { ...order, status: 'ready' };
    },
    finalize: unreachable,
  });
  const at = { ...deps, cas, precheckTxt: allVisible };
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  deps.clock.advance(61);
  await carryAll(at);
  assert.deepEqual(asked, ['validate', 'look']);
  assert.equal((await packOf(at, id)).status, 'pending_issuance');
});

test("a CA's refusal puts a new order behind the pack, with new records, and its cause is kept", async (t) => {
  const { cas, orders } = scriptedCa(t, {
    validate: async (order) => ({
      ...order,
      status: 'invalid',
      authorizations: order.authorizations.map((one) => ({
        ...one,
        status: 'invalid',
        problem: 'CAA forbids it',
      })),
    }),
  });
  const at = { ...deps, cas, precheckTxt: allVisible };
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  const pack = await packOf(at, id);
  const { rows } = await deps.pool.query<{ url: string; is_answered: boolean }>(
    `select state->>'url' as url, is_answered from orders where pack_id = $1`,
    [id],
  );
  assert.equal(orders.length, 2);
  assert.deepEqual(rows, [{ url: orders[1]?.url, is_answered: false }]);
  assert.equal(pack.status, 'pending_validation');
  assert.deepEqual(pack.validationErrors, ['one.test: CAA forbids it; it is tried again']);
  assert.deepEqual(
    pack.validationRecords.map((one) => 'txtValue' in one && one.txtValue),
    valuesOf(orders[1]),
  );
  assert.deepEqual(await shownAt(deps, TXT), valuesOf(orders[1]));
  assert.equal(await dueIn(at, id), 60);
});

test('what one pack publishes leaves the values of another at the same name alone', async (t) => {
  const { cas, orders } = scriptedCa(t, { finalize: unreachable });
  const at = { ...deps, cas };
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(at, zone);
  await carryAll(at);
  await givenPack(at, zone);
  await carryAll(at);
  const [one, other] = orders.map(valuesOf).flat();
  assert(one && other);
  assert.deepEqual((await shownAt(deps, TXT)).toSorted(), [one, other].toSorted());

  deps.clock.advance(62);
  await carryAll({
    ...at,
    precheckTxt: async (record) => ({ ...record, isVisible: record.txtValue === one, seen: [] }),
  });
  assert.equal((await packOf(at, id)).status, 'pending_issuance');
  assert.deepEqual(await shownAt(deps, TXT), [other]);
});

test('the records of a pack that was not validated in time are no longer published', async (t) => {
  const at = { ...deps, cas: scriptedCa(t).cas };
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  assert.equal((await shownAt(deps, TXT)).length, 1);
  deps.clock.advance(days(8));
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'validation_timed_out');
  assert.deepEqual(await shownAt(deps, TXT), []);
});
