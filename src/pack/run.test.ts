import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { givenCertificate, givenPack } from '../../test/support/pack.ts';
import { after, days } from '../kit/time.ts';
import { RUN_KINDS, type Run } from './pack.ts';
import { lifeOf, RUNS, runOf } from './run.ts';

const START = new Date('2026-11-23T12:00:00Z');
const life = (length: number) => ({ uploadedOn: START, notAfter: after(START, days(length)) });

const certificates = [givenCertificate(life(90))];
const run: Run = {
  kind: 'renewal',
  status: 'pending_validation',
  statusSince: START,
  attempts: 3,
  certificateAuthority: 'google',
  certificates: [],
};
const renewal = { at: START, run };
const now = after(START, days(60));

describe('a pack in a worker’s hands', () => {
  it('goes on with its renewal where one is under way, which is kept with it', () => {
    const pack = givenPack({ status: 'active', certificates, renewal });
    assert.equal(runOf(pack, now), run);
    assert.deepEqual(RUNS.renewal.settle(pack, run), pack);
  });

  it('goes on with its own life where none is, where it is not served, and at its end', () => {
    const plain = givenPack({ status: 'active', certificates });
    const leaving = givenPack({ status: 'pending_deletion', certificates, renewal });
    const over = givenPack({ status: 'pending_expiration', certificates, renewal });
    assert.deepEqual(runOf(plain, now), lifeOf(plain));
    assert.deepEqual(runOf(leaving, now), lifeOf(leaving));
    assert.deepEqual(runOf(over, after(START, days(90))), lifeOf(over));
  });

  it('has the new certificates and no renewal once that is served', () => {
    const coming = [givenCertificate({ ...life(150), id: 'new' })];
    for (const status of ['active', 'pending_expiration'] as const) {
      const pack = givenPack({ status, certificates, renewal, attempts: 2 });
      const done = RUNS.renewal.settle(pack, { ...run, status: 'active', certificates: coming });
      assert.equal(done.status, 'active');
      assert.equal(done.attempts, 0);
      assert.deepEqual(done.certificates, coming);
      assert.equal(done.renewal, undefined);
    }
  });
});

describe('a renewal and a life', () => {
  it('that was given up on the staging edges is shown there anew', () => {
    const pack = givenPack({ status: 'pending_expiration', environment: 'staging', certificates, renewal });
    assert.equal(
      RUNS.renewal.settle(pack, { ...run, status: 'staging_active' }).status,
      'staging_deployment',
    );
  });

  it('is what its own life made of it', () => {
    const pack = givenPack({ status: 'initializing' });
    const moved = RUNS.life.settle(pack, { ...lifeOf(pack), status: 'pending_validation', attempts: 1 });
    assert.deepEqual(moved, { ...pack, status: 'pending_validation', attempts: 1 });
  });

  it('has a row for each kind of run, its own life the last', () => {
    assert.deepEqual(Object.keys(RUNS).toSorted(), [...RUN_KINDS].toSorted());
    assert.equal(Object.keys(RUNS).at(-1), 'life');
  });
});
