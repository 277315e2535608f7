import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  clear,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { scriptedCa } from '../../../test/support/scripted-ca.ts';
import { Fault } from '../../kit/fault.ts';
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
async function given() {
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(deps, zone, { status: 'active' });
  await givenCertificates(deps, id);
  const pack = await packOf(deps, id);
  await transaction(deps.pool, (tx) => noteRevocations(tx, pack, 'superseded', deps.clock.now()));
  return () => listRevocations(deps.pool, zone.id, id);
}

test('each certificate is revoked once, however often and by however many the due ones are taken', async (t) => {
  const known = await given();
  const asked: string[] = [];
  const revoke = async ({ algorithm, reason }: { algorithm: string; reason: string }) => {
    asked.push(`${algorithm} ${reason}`);
  };
  const at = { ...deps, cas: scriptedCa(t, { revoke }).cas };
  await Promise.all([revokeDue(at, signal), revokeDue(at, signal)]);
  deps.clock.advance(3_600);
  await revokeDue(at, signal);
  assert.deepEqual(asked.toSorted(), ['ecdsa superseded', 'rsa superseded']);
  assert.ok(
    (await known()).every(({ revokedOn, problem }) => revokedOn !== undefined && problem === undefined),
  );
});

test('what the CA does not revoke says why, and is tried again, later each time', async (t) => {
  const known = await given();
  let asked = 0;
  const revoke = async () => {
    asked += 1;
    throw new Fault('ca_unreachable', 'lets_encrypt: nobody answers; it is tried again');
  };
  const at = { ...deps, cas: scriptedCa(t, { revoke }).cas };
  await revokeDue(at, signal);
  await revokeDue(at, signal);
  assert.equal(asked, 2, 'once each');
  assert.deepEqual(
    (await known()).map(({ problem, attempts }) => [problem, attempts]),
    [0, 1].map(() => ['lets_encrypt: nobody answers; it is tried again', 1]),
  );
  deps.clock.advance(2);
  await revokeDue(at, signal);
  assert.equal(asked, 4);
});

test('a CA that is no longer configured is named', async () => {
  const known = await given();
  await revokeDue(deps, signal);
  assert.match(
    (await known())[0]?.problem ?? '',
    /lets_encrypt is no longer configured here; the operator has to add/,
  );
});
