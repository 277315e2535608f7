import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import { REVOCATION_REASONS } from '../../acme/acme.ts';
import { listRevocations, noteRevocations } from '../../store/revocations.ts';
import { transaction } from '../../store/store.ts';
import { revokeDue } from './revocations.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const { signal } = new AbortController();

/** A pack whose certificates are to be revoked. */
async function given(t: TestContext) {
  const { at, ca } = await withCa(t, { ...deps, precheckTxt: allVisible });
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(deps, zone);
  await carryAll(at);
  const pack = await packOf(deps, id);
  assert.equal(pack.certificates.length, 2);
  await transaction(deps.pool, (tx) => noteRevocations(tx, pack, 'superseded', deps.clock.now()));
  const asked = () => ca.requests.filter((one) => one === 'POST revoke-cert').length;
  return { at, ca, asked, known: () => listRevocations(deps.pool, zone.id, id) };
}

test('each certificate is revoked once, however often and by however many the due ones are taken', async (t) => {
  const { at, ca, asked, known } = await given(t);
  await Promise.all([revokeDue(at, signal), revokeDue(at, signal)]);
  deps.clock.advance(3_600);
  await revokeDue(at, signal);
  assert.equal(asked(), 2);
  const reasons = [...ca.server.ledger.certificates.values()].map(({ revoked }) => revoked?.reason);
  assert.deepEqual(reasons, [REVOCATION_REASONS.superseded, REVOCATION_REASONS.superseded]);
  assert.ok(
    (await known()).every(({ revokedOn, problem }) => revokedOn !== undefined && problem === undefined),
  );
});

test('what the CA does not revoke says why, and is tried again, later each time', async (t) => {
  const { at, ca, asked, known } = await given(t);
  ca.script({ on: 'revoke-cert', fault: 'answer', status: 502 });
  await revokeDue(at, signal);
  await revokeDue(at, signal);
  assert.equal(asked(), 2, 'once each');
  const problem = /^lets_encrypt: 127\.0\.0\.1:\d+ answered HTTP 502 .*; it is tried again$/;
  for (const one of await known()) {
    assert.match(one.problem ?? '', problem);
    assert.equal(one.attempts, 1);
  }
  deps.clock.advance(2);
  await revokeDue(at, signal);
  assert.equal(asked(), 4);
});

test('a CA that is no longer configured is named', async (t) => {
  const { known } = await given(t);
  await revokeDue(deps, signal);
  assert.match(
    (await known())[0]?.problem ?? '',
    /lets_encrypt is no longer configured here; the operator has to add/,
  );
});

const unknown = { on: 'revoke-cert', fault: 'answer', status: 404, problem: 'malformed' } as const;

test('one that a server of the CA has not heard of is revoked by the next', async (t) => {
  const { at, ca, known } = await given(t);
  ca.script({ ...unknown, times: 3 });
  await revokeDue(at, signal);
  for (const one of await known()) {
    assert.equal(one.isMoot, false);
    assert.match(
      one.problem ?? '',
      /does not know the certificate: .* where that stays so; it is asked again$/,
    );
  }
  for (let i = 0; i < 3; i++) {
    deps.clock.advance(8);
    await revokeDue(at, signal);
  }
  assert.ok((await known()).every(({ revokedOn }) => revokedOn !== undefined));
});

test('for one that stays unknown nothing is left after a quarter of an hour', async (t) => {
  const { at, ca, known } = await given(t);
  ca.script(unknown);
  for (let i = 0; i < 12; i++) {
    await revokeDue(at, signal);
    deps.clock.advance(100);
  }
  assert.ok(
    (await known()).every(
      ({ isMoot, problem = '' }) => isMoot && problem.endsWith('nothing is left to revoke'),
    ),
  );
});

const SETTLED = [
  'Certificate has been revoked previously',
  'serial 04af is already revoked',
  'the certificate was revoked before',
  'certificate status is revoked',
];
for (const detail of SETTLED) {
  test(`what the CA says was revoked is settled, as by "${detail}"`, async (t) => {
    const { at, ca, known } = await given(t);
    ca.script({ on: 'revoke-cert', fault: 'answer', problem: 'malformed', detail });
    await revokeDue(at, signal);
    assert.ok((await known()).every(({ revokedOn }) => revokedOn !== undefined));
  });
}

const OPEN = [
  'the certificate cannot be revoked now',
  'has not been revoked: try later',
  'not yours to be revoked',
];
for (const detail of OPEN) {
  test(`what the CA does not say was revoked is not settled, as by "${detail}"`, async (t) => {
    const { at, ca, known } = await given(t);
    ca.script({ on: 'revoke-cert', fault: 'answer', problem: 'malformed', detail });
    await revokeDue(at, signal);
    assert.ok((await known()).every(({ revokedOn, isMoot }) => revokedOn === undefined && !isMoot));
  });
}
