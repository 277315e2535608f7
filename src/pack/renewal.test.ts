import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { givenCertificate, givenPack } from '../../test/support/pack.ts';
import { after, between, days } from '../kit/time.ts';
import { carried, lastTime, ownTime, settled, timeWithin } from './renewal.ts';

const START = new Date('2026-11-23T12:00:00Z');
const life = (length: number) => ({ uploadedOn: START, notAfter: after(START, days(length)) });
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('ownTime', () => {
  const cases = [
    [90, 60],
    [30, 20],
    [10, 6.667],
    [9, 4.5],
    [6, 3],
  ] as const;
  for (const [length, day] of cases) {
    it(`of a certificate of ${length} days is at day ${day}`, () =>
      assert.equal((between(START, ownTime(life(length), 0)) / days(1)).toFixed(3), day.toFixed(3)));
  }

  it('is spread over a 48th of the life before that, and never later', () => {
    fc.assert(
      fc.property(share, fc.integer({ min: 1, max: 400 }), (s, length) => {
        const early = between(ownTime(life(length), s), ownTime(life(length), 0));
        assert(early >= 0 && early <= days(length) / 48 + 0.001);
      }),
    );
  });
});

it('the time in a suggested window lies in it', () => {
  const [start, end] = [START, after(START, days(2))];
  fc.assert(
    fc.property(share, (s) => {
      const at = timeWithin({ start, end }, s);
      assert(at >= start && at <= end);
    }),
  );
});

it('a renewal is given up when a tenth of the certificate that ends first is left', () => {
  const [ecdsa, rsa] = [givenCertificate(life(90)), givenCertificate({ ...life(30), algorithm: 'rsa' })];
  const last = lastTime(givenPack({ status: 'active', certificates: [ecdsa, rsa] }));
  assert.deepEqual(last, after(START, days(27)));
  assert.equal(lastTime(givenPack()), undefined);
});

describe('a pack that is carried', () => {
  const certificates = [givenCertificate(life(90))];
  const course = { status: 'pending_validation', since: START, attempts: 3, certificates: [] } as const;
  const renewal = { at: START, course };
  const now = after(START, days(60));

  it('stands for its renewal where one is under way, and is the same pack again after it is settled', () => {
    const pack = givenPack({ status: 'active', certificates, renewal });
    const view = carried(pack, now);
    assert.equal(view.status, 'pending_validation');
    assert.equal(view.attempts, 3);
    assert.deepEqual(settled(view), { ...pack, renewal: { at: START, course } });
    assert.equal(carried(view, now), view);
  });

  it('is itself where none is, where it is not served, and at its end', () => {
    const plain = givenPack({ status: 'active', certificates });
    const leaving = givenPack({ status: 'pending_deletion', certificates, renewal });
    const over = givenPack({ status: 'pending_expiration', certificates, renewal });
    assert.equal(carried(plain, now), plain);
    assert.equal(carried(leaving, now), leaving);
    assert.equal(carried(over, after(START, days(90))), over);
  });

  it('has the new certificates and no renewal once its course is served', () => {
    const coming = [givenCertificate({ ...life(150), id: 'new' })];
    for (const status of ['active', 'pending_expiration'] as const) {
      const view = carried(givenPack({ status, certificates, renewal }), now);
      const done = settled({ ...view, status: 'active', certificates: coming });
      assert.equal(done.status, 'active');
      assert.deepEqual(done.certificates, coming);
      assert.equal(done.renewal, undefined);
    }
  });

  it('that was given up on the staging edges is shown there anew', () => {
    const given = givenPack({ status: 'pending_expiration', environment: 'staging', certificates, renewal });
    assert.equal(settled({ ...carried(given, now), status: 'staging_active' }).status, 'staging_deployment');
  });
});
