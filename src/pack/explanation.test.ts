import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explained, KEPT, PAIR, SINCE, TXT } from '../../test/support/explanation.ts';
import { givenPack } from '../../test/support/pack.ts';
import { after, days, hours } from '../kit/time.ts';
import type { Mover } from './found.ts';
import { PACK_STATUSES, type Pack, type PackStatus } from './pack.ts';
import { subscriberMessage } from './subscriber-message.ts';

/** What is expected of a pack of each status, of which nothing more is known: a status without its row does not compile. */
interface Expected {
  readonly pack?: Partial<Pack>;
  readonly whose: Mover | undefined;
  readonly says: RegExp;
  readonly next: RegExp;
  readonly deadline?: [PackStatus | undefined, Date];
}
const NONE = /there is nothing to do/;
const END = new Date('2027-02-21T12:00:00Z');

// biome-ignore format: a table is read by column
const EXPECTED: Readonly<Record<PackStatus, Expected>> = {
  initializing:           { whose: 'us', says: /waits until google takes the order/, next: NONE, deadline: ['initializing_timed_out', after(SINCE, hours(1))] },
  pending_validation:     { pack: { validationRecords: [TXT] }, whose: 'customer', says: /waits until its validation records are seen/, next: /create the records/, deadline: ['validation_timed_out', after(SINCE, days(14))] },
  pending_issuance:       { whose: 'ca', says: /waits until google issues/, next: NONE, deadline: ['issuance_timed_out', after(SINCE, days(1))] },
  pending_deployment:     { pack: KEPT, whose: 'us', says: /waits until every production edge shows/, next: NONE, deadline: ['deployment_timed_out', after(SINCE, days(1))] },
  active:                 { pack: KEPT, whose: undefined, says: /it is served/, next: /nothing to do: it is renewed about 2026-12-23/, deadline: ['pending_expiration', END] },
  staging_deployment:     { pack: { ...KEPT, environment: 'staging' }, whose: 'us', says: /every staging edge shows/, next: NONE, deadline: ['deployment_timed_out', after(SINCE, days(1))] },
  staging_active:         { pack: { ...KEPT, environment: 'staging' }, whose: undefined, says: /every staging edge showed/, next: NONE, deadline: ['pending_expiration', END] },
  holding_deployment:     { pack: { ...KEPT, zone: { ...givenPack().zone, isPaused: true } }, whose: 'customer', says: /the zone example.com is paused/, next: /end the pause/, deadline: ['pending_expiration', END] },
  backup_issued:          { pack: { ...KEPT, pair: PAIR }, whose: undefined, says: /stands by for the-other/, next: /failover/, deadline: ['expired', END] },
  deactivating:           { pack: KEPT, whose: 'us', says: /waits until no edge shows/, next: NONE },
  inactive:               { pack: KEPT, whose: undefined, says: /on no edge, and kept until/, next: /delete it/, deadline: ['expired', END] },
  pending_expiration:     { pack: KEPT, whose: 'us', says: /the renewal has not come about and the certificates end at 2027-02-21 12:00 UTC/, next: /tried until then/, deadline: ['expired', END] },
  expired:                { pack: KEPT, whose: 'customer', says: /its certificates ended at 2027-02-21/, next: /PATCH/ },
  initializing_timed_out: { whose: 'customer', says: /the time for initializing is over/, next: /PATCH/ },
  validation_timed_out:   { pack: { validationRecords: [TXT] }, whose: 'customer', says: /the time for pending_validation is over/, next: /PATCH/ },
  issuance_timed_out:     { whose: 'customer', says: /the time for pending_issuance is over/, next: /PATCH/ },
  deployment_timed_out:   { pack: KEPT, whose: 'customer', says: /the time for pending_deployment is over/, next: /PATCH/, deadline: ['pending_expiration', END] },
  pending_deletion:       { pack: KEPT, whose: 'us', says: /waits until no edge shows/, next: /is deleted then/, deadline: ['deletion_timed_out', after(SINCE, days(1))] },
  deletion_timed_out:     { pack: KEPT, whose: 'us', says: /waits until no edge shows/, next: /is deleted then/ },
  pending_cleanup:        { pack: KEPT, whose: 'us', says: /waits until no edge shows/, next: /is deleted then/ },
  deleted:                { whose: undefined, says: /it was deleted at 2026-11-23 12:00 UTC/, next: /until 2026-11-23 12:02 UTC, and is gone/, deadline: [undefined, after(SINCE, 120)] },
};

for (const status of PACK_STATUSES) {
  test(`${status}: says what it waits for, whose move it is, since when and until when, and what to do`, () => {
    const { pack = {}, whose, says, next, deadline } = EXPECTED[status];
    const it = explained({ status, ...pack });
    assert.deepEqual([it.status, it.stage, it.run], [status, status, 'life']);
    assert.match(it.waitsFor, says);
    assert.match(it.waitsFor, /^example\.com/);
    assert.doesNotMatch(it.waitsFor, /undefined|;/);
    assert.match(it.nextStep, next);
    assert.equal(it.whoseMove, whose);
    assert.deepEqual(it.since, SINCE);
    assert.deepEqual(it.deadline && [it.afterDeadline, it.deadline], deadline);
  });
}

test('every sentence of a status is a message that the subscriber can be told', () => {
  for (const status of PACK_STATUSES) {
    const it = explained({ status, ...EXPECTED[status].pack });
    const message = `${it.waitsFor}; ${it.nextStep}`;
    assert.equal(subscriberMessage(['example.com'], message), message);
  }
});
