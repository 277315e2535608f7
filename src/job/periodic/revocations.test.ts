import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  clear,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  startDesk,
  type TestDesk,
} from '../../../test/support/desk.ts';
import { scriptedCa } from '../../../test/support/scripted-ca.ts';
import { Fault } from '../../kit/fault.ts';
import { listRevocations, noteRevocations } from '../../store/revocations.ts';
import { transaction } from '../../store/store.ts';
import { revokeDue } from './revocations.ts';

const ends = new AsyncDisposableStack();
let desk: TestDesk;
before(async () => {
  desk = await startDesk(ends);
});
beforeEach(() => clear(desk));
after(() => ends.disposeAsync());

const { signal } = new AbortController();

/** A pack whose certificates are to be revoked. */
async function given() {
  const zone = await givenZone(desk, 'one.test');
  const id = await givenPack(desk, zone, { status: 'active' });
  await givenCertificates(desk, id);
  const pack = await packOf(desk, id);
  await transaction(desk.pool, (tx) => noteRevocations(tx, pack, 'superseded', desk.clock.now()));
  return () => listRevocations(desk.pool, zone.id, id);
}

test('each certificate is revoked once, however often and by however many the due ones are taken', async (t) => {
  const known = await given();
  const asked: string[] = [];
  const revoke = async ({ algorithm, reason }: { algorithm: string; reason: string }) => {
    asked.push(`${algorithm} ${reason}`);
  };
  const at = { ...desk, cas: scriptedCa(t, { revoke }).cas };
  await Promise.all([revokeDue(at, signal), revokeDue(at, signal)]);
  desk.clock.advance(3_600);
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
  const at = { ...desk, cas: scriptedCa(t, { revoke }).cas };
  await revokeDue(at, signal);
  await revokeDue(at, signal);
  assert.equal(asked, 2, 'once each');
  assert.deepEqual(
    (await known()).map(({ problem, attempts }) => [problem, attempts]),
    [0, 1].map(() => ['lets_encrypt: nobody answers; it is tried again', 1]),
  );
  desk.clock.advance(2);
  await revokeDue(at, signal);
  assert.equal(asked, 4);
});

test('a CA that is no longer configured is named', async () => {
  const known = await given();
  await revokeDue(desk, signal);
  assert.match(
    (await known())[0]?.problem ?? '',
    /lets_encrypt is no longer configured here; the operator has to add/,
  );
});
