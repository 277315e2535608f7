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
import type { TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { ordersAt, withCa } from '../../../test/support/simulator/with-ca.ts';
import type { Ca, CaOrder } from '../../ca/ca.ts';
import { days } from '../../kit/time.ts';
import { published } from '../../store/published-names.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const NEVER = new AbortController().signal;
const TXT = '_acme-challenge.one.test';

/** Values that our name servers show at a name. */
const shownAt = async ({ pool }: TestJobDeps, name: string): Promise<readonly string[]> =>
  (
    await published(pool, [
      { name, suffixes: name.split('.').map((_, i, all) => all.slice(i).join('.')), isDelegated: false },
    ])
  )[0]?.txt ?? [];

/** The same, where all records can be seen. */
const visible = (): TestJobDeps => ({ ...deps, precheckTxt: allVisible });
test('that the CA is told is stored before it is told', async (t) => {
  const seen: unknown[] = [];
  const { at } = await withCa(t, visible(), {
    rules: [
      {
        on: 'challenge',
        step: async () => {
          const { rows } = await deps.pool.query(`select is_answered from orders`);
          seen.push(...rows);
          return { status: 500 };
        },
      },
    ],
  });
  await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  assert.deepEqual(seen, [{ is_answered: true }]);
});

test('what could not be told of CAA records is told in the pack, until the CA has issued', async (t) => {
  const doubt =
    'one.test: ns1.one.test does not answer for CAA; have it answer, or the CA may refuse to issue';
  const doubting = { ...deps, precheckCaa: async () => ({ doubts: [doubt] }) };
  const rules: TestRule[] = [{ on: 'finalize', times: 1, fault: 'answer', status: 502 }];
  const { at } = await withCa(t, doubting, { rules });
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  const errors = async () => (await packOf(at, id)).validationErrors;
  await carryAll(at);
  const [missing, ...others] = await errors();
  assert.match(missing ?? '', /not seen/);
  assert.deepEqual(others, [doubt]);
  deps.clock.advance(3_600);
  await carryAll({ ...at, precheckTxt: allVisible });
  const waiting = await packOf(at, id);
  assert.equal(waiting.status, 'pending_issuance');
  deps.clock.advance(3_600);
  await carryAll({ ...at, precheckTxt: allVisible, edges: [] });
  assert.deepEqual((await packOf(at, id)).status, 'pending_deployment');
  assert.equal((await errors()).includes(doubt), false);
});

/** An order of which the CA says that control was shown. */
const ready = (order: CaOrder): CaOrder => ({
  ...order,
  status: 'ready',
  authorizations: order.authorizations.map((one) => ({ ...one, status: 'valid' })),
});

test('a CA that takes back at each finalization that control was shown sends no pack round in a circle', async (t) => {
  let tries = 0;
  const steps: Partial<Ca> = {
    validate: async (order) => ready(order),
    look: async (order) => ready(order),
    finalize: async (order) => {
      tries += 1;
      // Without an end of our own it would go on for ever.
      if (tries > 300) throw new Error('round and round');
      return { ...order, status: 'pending' };
    },
  };
  const { at } = await withCa(t, visible(), { steps });
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  assert(tries < 100, `${tries} finalizations`);
  assert(((await dueIn(at, id)) ?? 0) > 0, 'it is put off');
});

test('a CA that was told is asked what it found before it is told again', async (t) => {
  // It heard the word that control is shown; the answer is lost.
  const { at, ca } = await withCa(t, visible(), {
    rules: [{ on: 'challenge', fault: 'answer', status: 502, takes_effect: true }, CANNOT_FINALIZE],
  });
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  const told = ca.requests.indexOf('POST challenge');
  deps.clock.advance(61);
  await carryAll(at);
  const asked = ca.requests.slice(told).filter((one) => one !== 'POST authorization');
  assert.deepEqual(asked.slice(0, 2), ['POST challenge', 'POST order']);
  assert.equal(asked.filter((one) => one === 'POST challenge').length, 1);
  assert.equal((await packOf(at, id)).status, 'pending_issuance');
});

test("a CA's refusal puts a new order behind the pack, with new records, and its cause is kept", async (t) => {
  const refusal = { found: false, problem: 'caa', detail: 'CAA forbids it' } as const;
  const { at, ca } = await withCa(t, visible(), {
    rules: [{ on: 'challenge', fault: 'validation', ...refusal }],
  });
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  const pack = await packOf(at, id);
  const { rows } = await deps.pool.query<{ url: string; is_answered: boolean }>(
    `select state->>'url' as url, is_answered from orders where pack_id = $1`,
    [id],
  );
  const [, second] = ordersAt(ca);
  assert.equal(ordersAt(ca).length, 2);
  assert.deepEqual(rows, [{ url: second?.url, is_answered: false }]);
  assert.equal(pack.status, 'pending_validation');
  assert.match(
    pack.validationErrors.join(),
    /^lets_encrypt refused one.test: CAA forbids it; allow this CA in /,
  );
  assert.equal(pack.validationErrors.length, 1);
  assert.deepEqual(
    pack.validationRecords.map((one) => one.method === 'txt' && one.txtValue),
    second?.values,
  );
  assert.deepEqual(await shownAt(deps, TXT), second?.values);
  assert.equal(await dueIn(at, id), 60);
});

test('where the CA does not get to a record that we see, what keeps it from that is named as the cause', async (t) => {
  const refusal = { found: false, problem: 'unauthorized', detail: 'NXDOMAIN looking up TXT' } as const;
  const { at } = await withCa(t, visible(), {
    rules: [{ on: 'challenge', fault: 'validation', ...refusal }],
  });
  const problem = 'ns1.one.test (192.0.2.1) answers NXDOMAIN for one.test; repair it';
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll({
    ...at,
    precheckTxt: async (record) => ({ ...(await allVisible(record, NEVER)), problem }),
  });
  assert.deepEqual((await packOf(at, id)).validationErrors, [
    problem,
    'lets_encrypt refused one.test: NXDOMAIN looking up TXT; it is tried again',
  ]);
});

const CANNOT_FINALIZE: TestRule = { on: 'finalize', fault: 'answer', status: 502 };

test('what one pack publishes leaves the values of another at the same name alone', async (t) => {
  const { at, ca } = await withCa(t, deps, { rules: [CANNOT_FINALIZE] });
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(at, zone);
  await carryAll(at);
  await givenPack(at, zone);
  await carryAll(at);
  const [one, other] = ordersAt(ca).flatMap(({ values }) => values);
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
  const { at } = await withCa(t, deps);
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  assert.equal((await shownAt(deps, TXT)).length, 1);
  deps.clock.advance(days(8));
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'validation_timed_out');
  assert.deepEqual(await shownAt(deps, TXT), []);
});
