/** What a zone or a name that goes leaves behind at the CA. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { awaited, carried, givenProven, leave, statuses } from '../../../test/support/control.ts';
import { clear, startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { days } from '../../kit/time.ts';
import { deletePack } from '../../operation/delete-pack.ts';
import { revokePack } from '../../operation/revoke-pack.ts';
import { deactivateDue } from './authorizations.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const BY = { id: 'test' };
const { signal } = new AbortController();

test('what a zone has shown is given up at the CA when the zone goes', async (t) => {
  const { at, ca, first } = await givenProven(t, deps);
  await deactivateDue(at, signal);
  assert.deepEqual(statuses(ca), ['valid']);
  await leave(deps, first);
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
    const { at, visible, ca, first, firstId } = await givenProven(t, deps);
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
  const { at, ca, first, firstId } = await givenProven(t, deps);
  await deletePack(deps, { zoneId: first.id, id: firstId, by: BY });
  await awaited(deps, await carried(at, first));
  assert.deepEqual(statuses(ca), ['deactivated', 'pending']);
  await deactivateDue(at, signal);
  assert.deepEqual(statuses(ca), ['deactivated', 'pending'], 'what the new order has stays');
});

test('a CA that cannot be asked to let go is asked again, later each time', async (t) => {
  const { at, ca, first } = await givenProven(t, deps);
  await leave(deps, first);
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
