/** Control that one zone showed at the CA, and what it is to others: all of them have one account there. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  edgeNamed,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { givenActive, pass, wishful } from '../../../test/support/renewing.ts';
import type { TestCa, TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { type WithCaOptions, withCa } from '../../../test/support/simulator/with-ca.ts';
import { days } from '../../kit/time.ts';
import { deletePack } from '../../operation/delete-pack.ts';
import { deleteZone } from '../../operation/delete-zone.ts';
import { revokePack } from '../../operation/revoke-pack.ts';
import type { PackZone, ValidationRecord } from '../../pack/pack.ts';
import { deactivateDue } from '../periodic/authorizations.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const BY = { id: 'test' };
const { signal } = new AbortController();

/** A CA that reuses authorizations, with nobody's records visible, and with everybody's. */
async function withBoth(t: TestContext, options: WithCaOptions = {}) {
  const { at, ca } = await withCa(t, deps, options);
  return { at, visible: { ...at, precheckTxt: allVisible }, ca };
}

const zoneOf = (name = 'one.test'): Promise<PackZone> => givenZone(deps, name, 'partial');
const leave = (zone: PackZone): Promise<void> => deleteZone(deps, zone, BY);

/** A pack of the zone that is carried as far as it goes; its id. */
async function carried(at: TestJobDeps, zone: PackZone, hosts = [zone.name]): Promise<string> {
  const id = await givenPack(deps, zone, { hosts });
  await carryAll(at);
  return id;
}

/** A pack of an account of its own that got both certificates by what it has shown. */
async function givenProven(t: TestContext, options?: WithCaOptions) {
  const both = await withBoth(t, options);
  const first = await zoneOf();
  const firstId = await carried(both.visible, first);
  assert.equal((await packOf(deps, firstId)).certificates.length, 2);
  return { ...both, first, firstId };
}

const valueOf = (record: ValidationRecord | undefined): string =>
  record?.method === 'txt' ? record.txtValue : '';

/** The value that a pack waits to see; fails where it waits for none. */
async function awaited(id: string): Promise<string> {
  const { status, validationRecords, certificates } = await packOf(deps, id);
  assert.equal(status, 'pending_validation');
  assert.equal(certificates.length, 0);
  assert.deepEqual(
    validationRecords.map((one) => one.status),
    ['pending'],
  );
  return valueOf(validationRecords[0]);
}

const statuses = ({ server }: TestCa): string[] =>
  [...server.ledger.authorizations.values()].map(({ status }) => status);
const issued = ({ server }: TestCa): number => server.ledger.certificates.size;
const looks = ({ requests }: TestCa): number => requests.filter((one) => one === 'POST challenge').length;

test('what one account proved to the CA and left is nothing to the next that has the name', async (t) => {
  const { at, visible, ca, first, firstId } = await givenProven(t);
  const old = valueOf((await packOf(deps, firstId)).validationRecords[0]);
  await leave(first);
  const id = await carried(at, await zoneOf());
  deps.clock.advance(days(1));
  await carryAll(at);
  assert.notEqual(await awaited(id), old);
  assert.equal(issued(ca), 2);
  deps.clock.advance(days(1));
  await carryAll(visible);
  assert.equal((await packOf(deps, id)).certificates.length, 2);
  assert.deepEqual(statuses(ca), ['deactivated', 'valid']);
});

test('a challenge that the CA gave one account, whose value may be in its DNS still, shows nothing for another', async (t) => {
  const { at, visible, ca } = await withBoth(t);
  const first = await zoneOf();
  const old = await awaited(await carried(at, first));
  await leave(first);
  ca.script({ on: 'new-order', at: 1, step: withThoseOfFirst(ca) });
  const id = await carried({ ...at, precheckTxt: seeing(old) }, await zoneOf());
  assert.notEqual(await awaited(id), old);
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
  const { at, visible, ca, first, firstId } = await givenProven(t);
  const id = await carried(at, first);
  assert.equal(await awaited(id), valueOf((await packOf(deps, firstId)).validationRecords[0]));
  assert.equal(issued(ca), 2);
  deps.clock.advance(days(1));
  await carryAll(visible);
  assert.equal((await packOf(deps, id)).certificates.length, 2);
  assert.deepEqual(statuses(ca), ['valid']);
  assert.equal(looks(ca), 1, 'the CA goes by what it has');
});

test('for so long as the operator says, what a zone has shown counts for its other packs', async (t) => {
  const { at, first } = await givenProven(t);
  const trusting = { ...at, controlLife: days(10) };
  deps.clock.advance(days(9));
  assert.equal((await packOf(deps, await carried(trusting, first))).certificates.length, 2);
  deps.clock.advance(days(2));
  await awaited(await carried(trusting, first));
});

test('one look does for both certificates of a pack', async (t) => {
  const { at, ca } = await withBoth(t);
  let seen = 0;
  const once: TestJobDeps['precheckTxt'] = async (record) => ({
    ...record,
    isVisible: ++seen === 1,
    seen: [],
  });
  const id = await carried({ ...at, precheckTxt: once }, await zoneOf());
  assert.equal((await packOf(deps, id)).certificates.length, 2);
  assert.deepEqual([seen, looks(ca)], [1, 1]);
});

test('names are proven each by itself: what a zone has shown of one says nothing of its wildcard', async (t) => {
  const { at, ca, first } = await givenProven(t);
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
    const { at, visible, ca, first, firstId } = await givenProven(t);
    const old = valueOf((await packOf(deps, firstId)).validationRecords[0]);
    await leave(first);
    ca.script(rule);
    const id = await carried({ ...at, precheckTxt: seeing(old) }, await zoneOf());
    const value = await awaited(id);
    assert.match(value, /^[\w-]{43}$/);
    assert.notEqual(value, old);
    assert(ca.server.ledger.orders.size <= 4, 'one more order at most');
    deps.clock.advance(days(1));
    await carryAll({ ...visible, precheckTxt: seeing(value) });
    assert.equal((await packOf(deps, id)).certificates.length, 2);
  });
}

test('a CA that does not let go of what another zone was to show is not used for that, and says so', async (t) => {
  const { at, visible, ca } = await withBoth(t);
  const first = await zoneOf();
  await carried(at, first);
  await leave(first);
  ca.script(
    { on: 'new-order', step: withThoseOfFirst(ca) },
    HOLDS_ON['refuses to give it up'] ?? assert.fail(),
  );
  const id = await carried(visible, await zoneOf());
  const { status, validationErrors } = await packOf(deps, id);
  assert.equal(status, 'initializing');
  assert.match(validationErrors.join(), /wants the same shown for one\.test as it wanted from another zone/);
});

test('a CA that answers for names itself is taken at its word where the operator says so', async (t) => {
  const rule = { on: 'new-order', fault: 'terms', presumes_control: true } as const;
  const { at } = await withBoth(t, { rules: [rule], row: { presumesControl: true } });
  assert.equal((await packOf(deps, await carried(at, await zoneOf()))).certificates.length, 2);
});

test('what a zone has shown is given up at the CA when the zone goes', async (t) => {
  const { at, ca, first } = await givenProven(t);
  await deactivateDue(at, signal);
  assert.deepEqual(statuses(ca), ['valid']);
  await leave(first);
  await Promise.all([deactivateDue(at, signal), deactivateDue(at, signal)]);
  assert.deepEqual(statuses(ca), ['deactivated']);
  assert.equal(
    ca.requests.filter((one) => one === 'POST authorization').length,
    2,
    'read once, given up once',
  );
});

for (const [how, gone] of Object.entries({
  deleted: (zoneId: string, id: string) => deletePack(deps, { zoneId, id, by: BY }),
  revoked: (zoneId: string, id: string) => revokePack(deps, { zoneId, id, by: BY, reason: 'superseded' }),
})) {
  test(`what was shown of a name is given up with the last pack that has it: ${how}`, async (t) => {
    const { at, visible, ca, first, firstId } = await givenProven(t);
    const other = await carried(visible, first, ['two.one.test', 'ONE.test']);
    await gone(first.id, firstId);
    await deactivateDue(at, signal);
    assert.deepEqual(statuses(ca), ['valid', 'valid']);
    await gone(first.id, other);
    await deactivateDue(at, signal);
    assert.deepEqual(statuses(ca), ['deactivated', 'deactivated']);
  });
}

test('what is to be given up and was not yet shows nothing for a later pack of the zone either', async (t) => {
  const { at, ca, first, firstId } = await givenProven(t);
  await deletePack(deps, { zoneId: first.id, id: firstId, by: BY });
  await awaited(await carried(at, first));
  assert.deepEqual(statuses(ca), ['deactivated', 'pending']);
  await deactivateDue(at, signal);
  assert.deepEqual(statuses(ca), ['deactivated', 'pending'], 'what the new order has stays');
});

test('a CA that cannot be asked to let go is asked again, later each time', async (t) => {
  const { at, ca, first } = await givenProven(t);
  await leave(first);
  ca.script({ on: 'authorization', fault: 'answer', status: 502 });
  for (let minute = 0; minute < 60; minute++) {
    await deactivateDue(at, signal);
    deps.clock.advance(60);
  }
  const tries = ca.requests.filter((one) => one === 'POST authorization').length - 1;
  assert(tries >= 5 && tries <= 7, `${tries} tries in an hour`);
  ca.script();
  deps.clock.advance(days(1));
  await deactivateDue(at, signal);
  assert.deepEqual(statuses(ca), ['deactivated']);
});

test('certificates that are renewed while the CA goes by old control are looked at again', async (t) => {
  const { at, visible, ca } = await withBoth(t);
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
