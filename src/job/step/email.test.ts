/** Control by e-mail: we cannot look at it, so what the CA holds valid counts for a day, and then it is asked to write again. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import { leave, oneTest, statuses } from '../../../test/support/control.ts';
import {
  carryAll,
  clear,
  edgeNamed,
  givenPack,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { asksOf, enter, Mailbox } from '../../../test/support/mail.ts';
import { pass, wishful } from '../../../test/support/renewing.ts';
import type { TestCa, TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import { until } from '../../../test/support/world.ts';
import { days, minutes } from '../../kit/time.ts';
import type { PackZone } from '../../pack/pack.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

/** The CA says nothing of renewals. */
const NO_WINDOW: TestRule = { on: 'directory', fault: 'patch', body: { renewalInfo: null } };

interface Given {
  readonly at: TestJobDeps;
  readonly ca: TestCa;
  readonly box: Mailbox;
}

/** A CA that writes to a mailbox; none of our own looks sees anything. */
async function given(t: TestContext, controlLife = 0): Promise<Given> {
  const box = new Mailbox();
  const deps = { ...plain, controlLife, edges: [edgeNamed('edge-a')] };
  const { at, ca } = await withCa(t, { ...deps, showLeaf: wishful(deps) }, { mail: box, rules: [NO_WINDOW] });
  return { at, ca, box };
}

/** A pack that is carried as far as it goes; its id. */
async function ordered(at: TestJobDeps, zone: PackZone, hosts = [zone.name]): Promise<string> {
  const id = await givenPack(at, zone, { hosts, validationMethod: 'email' });
  await carryAll(at);
  return id;
}

/** The mails so far, once there are so many. */
const sent = ({ box }: Given, count: number) =>
  until(
    async () => box.sent,
    (mails) => mails.length >= count,
  );

/** Enters the code of the newest mail, and has the CA asked. */
async function confirm(world: Given): Promise<void> {
  const { link, code } = asksOf(world.box.sent.at(-1));
  const { status } = await enter(world.ca.server.authority.root.pem, link, code);
  assert.equal(status, 200);
  await pass(world.at, minutes(10));
}

const certificates = async ({ at }: Given, id: string) => (await packOf(at, id)).certificates.length;

test('the CA is told at once, without a look of ours, and asked again until somebody answered', async (t) => {
  const world = await given(t);
  const zone = await oneTest(world.at);
  const id = await ordered(world.at, zone);
  await sent(world, 5);
  for (let i = 0; i < 3; i++) await pass(world.at, minutes(10));
  const { status, validationErrors } = await packOf(world.at, id);
  assert.equal(status, 'pending_validation');
  assert.match(validationErrors.join(), /^lets_encrypt sent mail about one\.test to the addresses/);
  await confirm(world);
  assert.equal(await certificates(world, id), 2);
  assert.equal(world.box.sent.length, 5);
});

test('an answer of the same day serves the zone’s next order; later the CA gives it up and writes again', async (t) => {
  const world = await given(t);
  const zone = await oneTest(world.at);
  await ordered(world.at, zone);
  await sent(world, 5);
  await confirm(world);
  const second = await ordered(world.at, zone);
  assert.equal(await certificates(world, second), 2);
  assert.equal(world.box.sent.length, 5);

  world.at.clock.advance(days(2));
  const third = await ordered(world.at, zone);
  assert.equal((await packOf(world.at, third)).status, 'pending_validation');
  assert.deepEqual(statuses(world.ca), ['deactivated', 'pending']);
  await sent(world, 10);
  await confirm(world);
  assert.equal(await certificates(world, third), 2);
});

test('where control counts for longer by the operator’s option, no other mail is sent meanwhile', async (t) => {
  const world = await given(t, days(10));
  const zone = await oneTest(world.at);
  await ordered(world.at, zone);
  await sent(world, 5);
  await confirm(world);
  world.at.clock.advance(days(5));
  assert.equal(await certificates(world, await ordered(world.at, zone)), 2);
  assert.equal(world.box.sent.length, 5);
});

test('what one account’s reader confirmed is nothing to the next account that has the name', async (t) => {
  const world = await given(t);
  const zone = await oneTest(world.at);
  await ordered(world.at, zone);
  await sent(world, 5);
  await confirm(world);
  await leave(world.at, zone);
  const id = await ordered(world.at, await oneTest(world.at));
  assert.equal((await packOf(world.at, id)).status, 'pending_validation');
  assert.equal(await certificates(world, id), 0);
  await sent(world, 10);
  await confirm(world);
  assert.equal(await certificates(world, id), 2);
});

test('a CA that does not let go of what it holds valid gets no certificate out of us by mail, and the subscriber is told', async (t) => {
  const world = await given(t);
  const zone = await oneTest(world.at);
  await ordered(world.at, zone);
  await sent(world, 5);
  await confirm(world);
  world.at.clock.advance(days(2));
  world.ca.script(NO_WINDOW, { on: 'authorization', with: 'status', fault: 'answer', problem: 'malformed' });
  const id = await ordered(world.at, zone);
  await pass(world.at, minutes(10));
  const { status, validationErrors } = await packOf(world.at, id);
  assert.equal(status, 'pending_validation');
  assert.match(validationErrors.join(), /the CA sends no mail for one\.test: .*; order with 'txt'/);
});

test('a renewal is asked for by mails of its own, and the pack is served by the old certificates until they are answered', async (t) => {
  const world = await given(t);
  const id = await ordered(world.at, await oneTest(world.at));
  await sent(world, 5);
  await confirm(world);
  const first = await packOf(world.at, id);
  assert.equal(first.status, 'active');
  await pass(world.at, days(62));
  await sent(world, 10);
  const meanwhile = await packOf(world.at, id);
  assert.equal(meanwhile.status, 'active');
  assert.deepEqual(meanwhile.certificates, first.certificates);
  await confirm(world);
  const renewed = await packOf(world.at, id);
  assert.equal(renewed.status, 'active');
  assert.notDeepEqual(renewed.certificates, first.certificates);
});
