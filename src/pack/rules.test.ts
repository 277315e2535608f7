/** Small rules with numbers from elsewhere: schedules, dated limits, which pack serves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { days } from '../kit/time.ts';
import { lookDelay, proofDelay, retryDelay } from './backoff.ts';
import { PACK_TYPES } from './pack.ts';
import { type Candidate, serving } from './priority.ts';
import { longestValidity } from './validity-limits.ts';

describe('lookDelay', () => {
  it('follows the printed table: 60 s, 93 s at the tenth look, 242 s at the next, 4 h from the 41st', () => {
    assert.deepEqual([0, 9, 10, 39, 40, 119].map(lookDelay), [60, 93, 242, 13_975, 14_400, 14_400]);
  });

  it('spreads 120 looks over 14.56 days', () => {
    const sum = Array.from({ length: 120 }, (_, n) => lookDelay(n)).reduce((a, b) => a + b);
    assert.equal((sum / days(1)).toFixed(2), '14.56');
  });

  it('never shrinks, as no schedule does', () => {
    fc.assert(
      fc.property(fc.nat(2_000), (n) => {
        for (const delay of [lookDelay, retryDelay, proofDelay]) assert.ok(delay(n + 1) >= delay(n));
      }),
    );
  });
});

describe('longestValidity', () => {
  const cases = [
    ['2026-03-14T23:59:59Z', 398],
    ['2026-03-15T00:00:00Z', 200],
    ['2027-03-15T00:00:00Z', 100],
    ['2029-03-15T00:00:00Z', 47],
  ] as const;
  for (const [instant, longest] of cases) {
    it(`is ${longest} days at ${instant} (BR 6.3.2)`, () =>
      assert.equal(longestValidity(new Date(instant)), longest));
  }
});

const candidate = (change: Partial<Candidate>): Candidate => ({
  packId: 'a',
  host: 'www.example.com',
  type: 'advanced',
  createdOn: new Date(0),
  hasName: true,
  ...change,
});

describe('serving', () => {
  it('prefers an exact name to a wildcard, whatever the types', () => {
    const exact = candidate({ packId: 'exact', type: 'universal' });
    const wildcard = candidate({ packId: 'wildcard', host: '*.example.com', type: 'keyless' });
    assert.equal(serving([wildcard, exact])?.packId, 'exact');
  });

  it('prefers by type, then the one ordered last', () => {
    const old = candidate({ packId: 'old' });
    const late = candidate({ packId: 'late', createdOn: new Date(1) });
    const universal = candidate({ packId: 'universal', type: 'universal', createdOn: new Date(2) });
    assert.equal(serving([universal, old, late])?.packId, 'late');
  });

  it('does not depend on the order in which candidates come', () => {
    const any = fc.record({
      packId: fc.uuid(),
      host: fc.constantFrom('www.example.com', '*.example.com'),
      type: fc.constantFrom(...PACK_TYPES),
      createdOn: fc.constantFrom(new Date(0), new Date(1)),
      hasName: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1 }), (all) => {
        assert.equal(serving(all)?.packId, serving(all.toReversed())?.packId);
      }),
    );
  });
});
