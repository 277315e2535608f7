import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { givenPack } from '../../test/support/pack.ts';
import { Fault } from '../kit/fault.ts';
import { after, days } from '../kit/time.ts';
import { deadline, isLeaving, LIFECYCLE, next, type PackEvent } from './lifecycle.ts';
import { PACK_STATUSES, type PackStatus } from './pack.ts';

const EVENTS: readonly PackEvent[] = [
  ...(['done', 'late', 'restart', 'delete', 'revalidate', 'stage', 'hold', 'back_up'] as const),
  ...(['promote', 'retire', 'withdraw', 'renewed', 'lose'] as const),
];

/** Every status that `from` can come to, itself included. */
function reachable(from: PackStatus): Set<PackStatus> {
  const found = new Set([from]);
  for (const status of found) {
    for (const event of EVENTS) {
      const to = attempt(status, event);
      if (to) found.add(to);
    }
  }
  return found;
}

describe('LIFECYCLE', () => {
  it('has a row for each of the 21 statuses, and each is entered from an order', () => {
    assert.deepEqual(Object.keys(LIFECYCLE).toSorted(), [...PACK_STATUSES].toSorted());
    assert.deepEqual([...reachable('initializing')].toSorted(), [...PACK_STATUSES].toSorted());
  });

  it('leads from every status to deleted', () => {
    for (const status of PACK_STATUSES) assert.ok(reachable(status).has('deleted'), status);
  });

  it('lets no status with a job last for ever: it ends by success, by lateness, or is the last', () => {
    for (const [status, { job, done, late }] of Object.entries(LIFECYCLE)) {
      assert.ok(!job || done || late || status === 'deleted', status);
    }
  });

  it('has a lateness wherever it has a limit, and a limit wherever it has a lateness', () => {
    for (const [status, { late, within }] of Object.entries(LIFECYCLE)) {
      assert.equal(late === undefined, within === undefined, status);
    }
  });
});

const MOVES = [
  ['initializing', 'done', 'pending_validation'],
  ['pending_validation', 'done', 'pending_issuance'],
  ['pending_issuance', 'done', 'pending_deployment'],
  ['pending_deployment', 'done', 'active'],
  ['initializing', 'late', 'initializing_timed_out'],
  ['pending_validation', 'late', 'validation_timed_out'],
  ['pending_issuance', 'late', 'issuance_timed_out'],
  ['pending_deployment', 'late', 'deployment_timed_out'],
  ['pending_deletion', 'late', 'deletion_timed_out'],
  ['initializing_timed_out', 'restart', 'initializing'],
  ['validation_timed_out', 'restart', 'pending_validation'],
  ['issuance_timed_out', 'restart', 'pending_issuance'],
  ['deployment_timed_out', 'restart', 'pending_deployment'],
  ['expired', 'restart', 'initializing'],
  ['pending_issuance', 'stage', 'staging_deployment'],
  ['staging_deployment', 'done', 'staging_active'],
  ['staging_active', 'promote', 'pending_deployment'],
  ['active', 'late', 'pending_expiration'],
  ['pending_expiration', 'done', 'expired'],
  ['pending_expiration', 'renewed', 'active'],
  ['deletion_timed_out', 'done', 'pending_cleanup'],
  ['pending_cleanup', 'done', 'deleted'],
  ['pending_deletion', 'done', 'deleted'],
  ['active', 'delete', 'pending_deletion'],
  ['pending_deployment', 'lose', 'initializing'],
] as const;

describe('next', () => {
  for (const [from, event, to] of MOVES) {
    it(`leads from ${from} to ${to} by ${event}`, () => assert.equal(next(from, event), to));
  }

  it('refuses a second delete in every status that is leaving, and takes the first in any other', () => {
    for (const status of PACK_STATUSES) {
      const to = attempt(status, 'delete');
      assert.equal(to, isLeaving(status) ? undefined : 'pending_deletion', status);
    }
  });

  it('never leaves deleted, and never comes back from leaving, whatever happens', () => {
    const walk = fc.array(fc.constantFrom(...EVENTS));
    fc.assert(
      fc.property(fc.constantFrom(...PACK_STATUSES), walk, (start, events) => {
        let status = start;
        for (const event of events) {
          const to = attempt(status, event) ?? status;
          if (status === 'deleted') assert.equal(to, 'deleted');
          if (isLeaving(status)) assert.ok(isLeaving(to));
          status = to;
        }
      }),
    );
  });
});

describe('deadline', () => {
  it('of validation is the life of the CA’s tokens: 7 days at lets_encrypt, 14 at the others', () => {
    const pack = givenPack({ status: 'pending_validation' });
    const of = (certificateAuthority: typeof pack.certificateAuthority) =>
      deadline({ ...pack, certificateAuthority });
    assert.deepEqual(of('lets_encrypt'), after(pack.statusSince, days(7)));
    assert.deepEqual(of('google'), after(pack.statusSince, days(14)));
    assert.deepEqual(of('ssl_com'), after(pack.statusSince, days(14)));
  });
});

function attempt(status: PackStatus, event: PackEvent): PackStatus | undefined {
  try {
    return next(status, event);
  } catch (error) {
    assert.ok(error instanceof Fault && error.fault === 'transition_refused');
    return undefined;
  }
}
