/** Small rules with numbers from elsewhere: schedules, dated limits, which pack serves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { days } from '../kit/time.ts';
import { lookDelay, proofDelay, retryDelay } from './backoff.ts';
import { PACK_TYPES } from './pack.ts';
import { type Candidate, serving, successor, whyBefore } from './priority.ts';
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

const upload = (packId: string, on: number, ends: number): Candidate =>
  candidate({ packId, type: 'sni_custom', createdOn: new Date(on), notAfter: new Date(ends) });

describe('serving, by type', () => {
  const ORDER = [
    'keyless',
    'legacy_custom',
    'sni_custom',
    'managed_hostname',
    'mh_custom',
    'advanced',
    'total_tls',
    'universal',
  ] as const;
  for (const [i, first] of ORDER.entries())
    for (const second of ORDER.slice(i + 1))
      it(`prefers ${first} to ${second}, unless that is exact or its zone alone has the name`, () => {
        // Both for a custom hostname: the later one.
        const createdOn = new Date(first === 'managed_hostname' ? 2 : 0);
        const isSame = first === 'managed_hostname' && second === 'mh_custom';
        const a = candidate({ packId: 'first', type: first, createdOn, ...(isSame && { priority: 9 }) });
        const b = candidate({ packId: 'second', type: second, createdOn: new Date(1), priority: 9 });
        assert.equal(serving([b, a])?.packId, 'first');
        assert.equal(serving([{ ...a, host: '*.example.com' }, b])?.packId, 'second');
        assert.equal(
          serving([
            { ...a, hasName: false },
            { ...b, host: '*.example.com' },
          ])?.packId,
          'second',
        );
      });

  it('prefers, of one type, the higher priority to the later one', () => {
    const old = candidate({ packId: 'old', type: 'legacy_custom', priority: 1 });
    const late = candidate({ packId: 'late', type: 'legacy_custom', priority: 0, createdOn: new Date(1) });
    assert.equal(serving([late, old])?.packId, 'old');
  });
});

describe('serving, of custom hostnames', () => {
  it('prefers a custom hostname of which control was shown, where the zone that has the name has no pack for it', () => {
    const shown = candidate({
      packId: 'shown',
      type: 'managed_hostname',
      hasName: false,
      isShown: true,
      host: '*.example.com',
    });
    const late = candidate({
      packId: 'late',
      type: 'mh_custom',
      hasName: false,
      createdOn: new Date(9),
      priority: 9,
    });
    assert.equal(serving([late, shown])?.packId, 'shown');
    assert.equal(whyBefore(shown, late), 'control of its custom hostname was shown');
    const own = candidate({ packId: 'own', type: 'sni_custom' });
    assert.equal(
      serving([{ ...shown, hasName: true }, own])?.packId,
      'own',
      'in its own zone the order is as ever',
    );
  });
});

const ANY = fc.record({
  packId: fc.uuid(),
  host: fc.constantFrom('www.example.com', '*.example.com'),
  type: fc.constantFrom(...PACK_TYPES),
  createdOn: fc.constantFrom(new Date(0), new Date(1)),
  hasName: fc.boolean(),
  isShown: fc.boolean(),
});

describe('successor', () => {
  const [gone, late, long] = [upload('gone', 3, 5), upload('late', 2, 6), upload('long', 1, 9)];

  it('is, of uploads of one type, the one that ends last, not the one that came last', () => {
    assert.equal(successor(gone, [gone, late, long])?.packId, 'long');
    assert.equal(serving([late, { ...long, chosenOn: new Date(4) }])?.packId, 'long', 'and stays so');
    const newest = upload('newest', 5, 1);
    assert.equal(serving([late, { ...long, chosenOn: new Date(4) }, newest])?.packId, 'newest');
  });

  it('is the one that goes first all the same, where type, priority or exactness tell', () => {
    assert.equal(successor(gone, [gone, { ...late, priority: 1 }, long])?.packId, 'late');
    assert.equal(successor(gone, [gone, late, { ...long, host: '*.example.com' }])?.packId, 'late');
    const other = { ...late, type: 'legacy_custom' } as const;
    assert.equal(successor({ ...gone, type: 'keyless' }, [gone, other, long])?.packId, 'late');
  });

  it('is none that goes too', () => {
    assert.equal(successor(gone, [gone, late, { ...long, isGoing: true }])?.packId, 'late');
    assert.equal(successor(gone, [gone, { ...late, isGoing: true }]), undefined);
  });

  it('is the one ordered last of what is renewed, as the ends of that say nothing', () => {
    const managed = [gone, late, long].map((one) => ({ ...one, type: 'advanced' as const }));
    assert.equal(successor({ ...gone, type: 'advanced' }, managed)?.packId, 'late');
  });
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
    fc.assert(
      fc.property(fc.array(ANY, { minLength: 1 }), (all) => {
        assert.equal(serving(all)?.packId, serving(all.toReversed())?.packId);
      }),
    );
  });

  it('says by which rule one goes before another', () => {
    const one = candidate({ createdOn: new Date(1) });
    const words = (other: Partial<Candidate>) => whyBefore(one, candidate({ packId: 'b', ...other }));
    assert.deepEqual(
      [
        { hasName: false },
        { host: '*.example.com' },
        { type: 'universal' } as const,
        {},
        { createdOn: new Date(1), isStandby: true },
        { createdOn: new Date(1) },
      ].map(words),
      [
        'the name lies in its zone',
        'it is for www.example.com itself',
        'advanced goes before it by type',
        'it came later',
        'the other one stands by',
        undefined,
      ],
    );
    assert.equal(whyBefore(candidate({ priority: 2 }), candidate({ packId: 'b' })), 'its priority is 2');
  });
});
