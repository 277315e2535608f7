/** Control that one zone showed at the CA, and what it is to others: all of them have one account there. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  awaited,
  carried,
  givenProven,
  leave,
  oneTest,
  statuses,
  valueOf,
  withSights,
} from '../../../test/support/control.ts';
import {
  carryAll,
  clear,
  edgeNamed,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { givenActive, pass, wishful } from '../../../test/support/renewing.ts';
import type { TestCa, TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { days } from '../../kit/time.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const issued = ({ server }: TestCa): number => server.ledger.certificates.size;
const looks = ({ requests }: TestCa): number => requests.filter((one) => one === 'POST challenge').length;

test('what one account proved to the CA and left is nothing to the next that has the name', async (t) => {
  const { at, visible, ca, first, firstId } = await givenProven(t, deps);
  const old = valueOf((await packOf(deps, firstId)).validationRecords[0]);
  await leave(deps, first);
  const id = await carried(at, await oneTest(deps));
  deps.clock.advance(days(1));
  await carryAll(at);
  assert.notEqual(await awaited(deps, id), old);
  assert.equal(issued(ca), 2);
  deps.clock.advance(days(1));
  await carryAll(visible);
  assert.equal((await packOf(deps, id)).certificates.length, 2);
  assert.deepEqual(statuses(ca), ['deactivated', 'valid']);
});

test('what another has proven is given up too where the CA lets us read it only after the order', async (t) => {
  const { at, ca, first } = await givenProven(t, deps);
  await leave(deps, first);
  ca.script({ on: 'authorization', times: 3, fault: 'answer', status: 503 });
  const id = await carried(at, await oneTest(deps));
  assert.deepEqual((await packOf(deps, id)).validationRecords, [], 'nothing could be read yet');
  for (let i = 0; i < 3; i++) {
    deps.clock.advance(3_600);
    await carryAll(at);
  }
  await awaited(deps, id);
  assert.equal(issued(ca), 2);
  assert.equal(statuses(ca)[0], 'deactivated');
});

test('a look counts for the pack that it was made for, though its order was taken by a clock that was ahead', async (t) => {
  const { at, visible } = await withSights(t, deps);
  deps.clock.advance(3_600);
  const id = await carried(at, await oneTest(deps));
  deps.clock.advance(-3_600);
  await deps.pool.query('update packs set due_at = $1', [deps.clock.now()]);
  await carryAll(visible);
  assert.equal((await packOf(deps, id)).certificates.length, 2);
});

test('a challenge that the CA gave one account, whose value may be in its DNS still, shows nothing for another', async (t) => {
  const { at, visible, ca } = await withSights(t, deps);
  const first = await oneTest(deps);
  const old = await awaited(deps, await carried(at, first));
  await leave(deps, first);
  ca.script({ on: 'new-order', at: 1, step: withThoseOfFirst(ca) });
  const id = await carried({ ...at, precheckTxt: seeing(old) }, await oneTest(deps));
  assert.notEqual(await awaited(deps, id), old);
  await carryAll(visible);
  deps.clock.advance(days(1));
  await carryAll(visible);
  assert.equal((await packOf(deps, id)).certificates.length, 2);
  assert.equal(statuses(ca)[0], 'deactivated');
});

/** DNS in which there is one value. */
const seeing =
  (value: string): TestJobDeps['precheckTxt'] =>
  async (record) => ({ ...record, isVisible: record.txtValue === value, seen: [] });

/** A CA that gives the next order what it gave the first, pending as it is. */
const withThoseOfFirst = ({ server: { ledger } }: TestCa): Extract<TestRule, { step: unknown }>['step'] => {
  const [first] = ledger.orders.values();
  assert(first);
  const urls = first.authorizationIds.map((id) => `/acme/authorization/${id}`);
  return async (exchange, next) => {
    const answer = await next(exchange);
    const order = [...ledger.orders.values()].at(-1);
    assert(order && typeof answer.body === 'object');
    ledger.record({ order: { ...order, authorizationIds: first.authorizationIds } });
    const authorizations = urls.map((path) => exchange.ca.url(path));
    return { ...answer, body: { ...answer.body, authorizations } };
  };
};

test('another pack of the same zone is looked at too, for the value that the zone has shown before', async (t) => {
  const { at, visible, ca, first, firstId } = await givenProven(t, deps);
  const id = await carried(at, first);
  assert.equal(await awaited(deps, id), valueOf((await packOf(deps, firstId)).validationRecords[0]));
  assert.equal(issued(ca), 2);
  deps.clock.advance(days(1));
  await carryAll(visible);
  assert.equal((await packOf(deps, id)).certificates.length, 2);
  assert.deepEqual(statuses(ca), ['valid']);
  assert.equal(looks(ca), 1, 'the CA goes by what it has');
});

test('for so long as the operator says, what a zone has shown counts for its other packs', async (t) => {
  const { at, first } = await givenProven(t, deps);
  const trusting = { ...at, controlLife: days(10) };
  deps.clock.advance(days(9));
  assert.equal((await packOf(deps, await carried(trusting, first))).certificates.length, 2);
  deps.clock.advance(days(2));
  await awaited(deps, await carried(trusting, first));
});

test('one look does for both certificates of a pack', async (t) => {
  const { at, ca } = await withSights(t, deps);
  let seen = 0;
  const once: TestJobDeps['precheckTxt'] = async (record) => ({
    ...record,
    isVisible: ++seen === 1,
    seen: [],
  });
  const id = await carried({ ...at, precheckTxt: once }, await oneTest(deps));
  assert.equal((await packOf(deps, id)).certificates.length, 2);
  assert.deepEqual([seen, looks(ca)], [1, 1]);
});

test('names are proven each by itself: what a zone has shown of one says nothing of its wildcard', async (t) => {
  const { at, ca, first } = await givenProven(t, deps);
  const id = await carried(at, first, ['one.test', '*.one.test']);
  const { status, validationRecords } = await packOf(deps, id);
  assert.equal(status, 'pending_validation');
  assert.deepEqual(
    validationRecords.map((one) => one.status),
    ['pending', 'pending'],
  );
  assert.equal(issued(ca), 2);
});

const ONE = { type: 'dns', value: 'one.test' };
const HOLDS_ON: Readonly<Record<string, TestRule>> = {
  'refuses to give it up': { on: 'authorization', with: 'status', fault: 'answer', problem: 'unauthorized' },
  'answers as if it was asked': {
    on: 'authorization',
    with: 'status',
    step: () => ({ status: 200, body: { status: 'valid', identifier: ONE, challenges: [] } }),
  },
  'holds it valid from the start again': { on: 'new-order', fault: 'terms', presumes_control: true },
};
for (const [what, rule] of Object.entries(HOLDS_ON)) {
  test(`where the CA ${what}, we look for a value of our own`, async (t) => {
    const { at, visible, ca, first, firstId } = await givenProven(t, deps);
    const old = valueOf((await packOf(deps, firstId)).validationRecords[0]);
    await leave(deps, first);
    ca.script(rule);
    const id = await carried({ ...at, precheckTxt: seeing(old) }, await oneTest(deps));
    const value = await awaited(deps, id);
    assert.match(value, /^[\w-]{43}$/);
    assert.notEqual(value, old);
    assert(ca.server.ledger.orders.size <= 4, 'one more order at most');
    deps.clock.advance(days(1));
    await carryAll({ ...visible, precheckTxt: seeing(value) });
    assert.equal((await packOf(deps, id)).certificates.length, 2);
  });
}

test('a CA that does not let go of what another zone was to show is not used for that, and says so', async (t) => {
  const { at, visible, ca } = await withSights(t, deps);
  const first = await oneTest(deps);
  await carried(at, first);
  await leave(deps, first);
  ca.script(
    { on: 'new-order', step: withThoseOfFirst(ca) },
    HOLDS_ON['refuses to give it up'] ?? assert.fail(),
  );
  const id = await carried(visible, await oneTest(deps));
  const { status, validationErrors } = await packOf(deps, id);
  assert.equal(status, 'initializing');
  assert.match(validationErrors.join(), /wants the same shown for one\.test as it wanted from another zone/);
});

test('a CA that answers for names itself is taken at its word where the operator says so', async (t) => {
  const rule = { on: 'new-order', fault: 'terms', presumes_control: true } as const;
  const { at } = await withSights(t, deps, { rules: [rule], row: { presumesControl: true } });
  assert.equal((await packOf(deps, await carried(at, await oneTest(deps)))).certificates.length, 2);
});

test('a CA that wants nothing shown is shown nothing, but we look for values of our own', async (t) => {
  const rules: readonly TestRule[] = [
    { on: 'new-order', fault: 'terms', presumes_control: true },
    { on: ['new-order', 'order', 'finalize'], fault: 'patch', body: { authorizations: [] } },
  ];
  const { at, ca } = await withSights(t, deps, { rules });
  const id = await carried(at, await oneTest(deps));
  const value = await awaited(deps, id);
  deps.clock.advance(days(1));
  await carryAll({ ...at, precheckTxt: seeing(value) });
  assert.equal((await packOf(deps, id)).certificates.length, 2);
  assert.equal(looks(ca), 0);
});

test('however an order came to be ready, it is not finalized for a name that we have not looked at', async (t) => {
  const { at, visible, ca } = await withSights(t, deps);
  const zone = await oneTest(deps);
  await carried(visible, zone);
  const id = await carried(at, zone);
  await deps.pool.query(
    `update orders set is_answered = true, state = jsonb_set(jsonb_set(state, '{status}', '"ready"'),
       '{authorizations,0}', ((state #> '{authorizations,0}') - 'isHeldValid'::text) || '{"status":"valid"}') where pack_id = $1`,
    [id],
  );
  deps.clock.advance(days(1) - 600);
  await carryAll(at);
  await awaited(deps, id);
  assert.equal(issued(ca), 2);
});

test('certificates that are renewed while the CA goes by old control are looked at again', async (t) => {
  const { at, visible, ca } = await withSights(t, deps);
  const served = { edges: [edgeNamed('edge-a')], showLeaf: wishful(deps) };
  const id = await givenActive({ ...visible, ...served });
  const renewal = JSON.stringify({ at: deps.clock.now() });
  const wanted = 'update packs set renewal = $2, due_at = $3 where id = $1';
  await deps.pool.query(wanted, [id, renewal, deps.clock.now()]);
  await pass({ ...at, ...served }, days(2));
  const { status, validationRecords, validationErrors } = await packOf(deps, id);
  assert.deepEqual([status, validationRecords.map((one) => one.status)], ['active', ['pending']]);
  assert.match(validationErrors.join(), /not seen/);
  assert.equal(issued(ca), 2);
  await pass({ ...visible, ...served }, days(1));
  assert.equal(issued(ca), 4);
});
