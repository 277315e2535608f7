import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { givenCertificate, givenPack } from '../../test/support/pack.ts';
import { after, between, days } from '../kit/time.ts';
import { lastTime, ownTime, timeWithin } from './renewal.ts';

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
