import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allows, contradictionIn, type Location, parsePolicy, REGION_CODES } from './region.ts';

const at = (regions: string, country?: string, isHighestSecurity = false): Location => ({
  regions: REGION_CODES.filter((code) => regions.split(' ').includes(code)),
  country,
  isHighestSecurity,
});
const allowed = (policy: string, location: Location) => allows({ policy }, location);

test('labels allow what they are named by', () => {
  const rows = [
    ['us', at('ENAM', 'US'), true],
    ['us', at('ENAM', 'CA'), false],
    ['us', at('ENAM'), false],
    ['us', at('EU'), false],
    ['eu', at('EU'), true],
    ['eu', at('WEUR', 'DE'), true],
    ['eu', at('WEUR', 'GB'), false],
    ['eu', at('WEUR'), false],
    ['highest_security', at('AFR', 'KE', true), true],
    ['highest_security', at('AFR', 'KE'), false],
  ] as const;
  for (const [label, location, is] of rows)
    assert.equal(allows({ label }, location), is, `${label} ${JSON.stringify(location)}`);
});

test('the policies of the documentation are read as they are written', () => {
  const either = '(country: US) or (region: EU)';
  assert.equal(allowed(either, at('WNAM', 'US')), true);
  assert.equal(allowed(either, at('EU', 'FR')), true);
  assert.equal(allowed(either, at('APAC', 'JP')), false);
  const without = '(region: EU) and (not country: FR)';
  assert.equal(allowed(without, at('EU', 'DE')), true);
  assert.equal(allowed(without, at('EU', 'FR')), false);
  assert.equal(allowed(without, at('EU')), false, 'it may be France');
  assert.equal(allowed('country: IN', at('APAC', 'IN')), true);
  assert.equal(allowed('(country: US) and (region: EU)', at('EU', 'US')), false, 'no place is both');
});

test('not binds before and, and before or; words and codes in any letters', () => {
  const places = [at('EU', 'DE'), at('APAC', 'JP'), at('APAC', 'IN')];
  const told = (policy: string) => places.map((place) => allowed(policy, place));
  assert.deepEqual(told('region:EU or region:APAC and not country:JP'), [true, false, true]);
  assert.deepEqual(told('(region:EU or region:APAC) and not country:JP'), [true, false, true]);
  assert.deepEqual(told('not region:EU or country:DE'), [true, true, true]);
  assert.deepEqual(told('not (region:EU or country:DE)'), [false, true, true]);
  assert.deepEqual(told('NOT Region : eu AND Country : jp'), [false, true, false]);
});

test('what is not known of a place keeps a key away, whichever way it is asked', () => {
  const unknown = at('');
  for (const policy of ['country: US', 'not country: US', 'region: EU', 'not region: EU'])
    assert.equal(allowed(policy, unknown), false, policy);
  assert.equal(allowed('country: US or not country: FR', at('ENAM')), false);
  assert.equal(allowed('not region: WEUR', at('EU')), false);
  assert.equal(allowed('not region: WEUR', at('APAC')), true);
  assert.equal(allows({ label: 'us' }, undefined), false);
  assert.equal(allows(undefined, undefined), true);
});

test('what is no policy is refused in words, with a pointer', () => {
  const wrong = [
    '',
    '  ',
    'US',
    'country US',
    'country: USA',
    'country:',
    'region: MARS',
    'planet: EU',
    '(country: US',
    'country: US)',
    'country: US country: FR',
    'country: US or',
    'or country: US',
    'not',
    "country: US'; drop table packs",
    `${'('.repeat(30)}country: US${')'.repeat(30)}`,
    `${'not '.repeat(200)}country: US`,
    Array.from({ length: 200 }, () => 'country: US').join(' or '),
  ];
  for (const policy of wrong)
    assert.throws(() => parsePolicy(policy), { fault: 'malformed_request', pointer: '/policy' }, policy);
});

const code = fc.constantFrom('US', 'CA', 'DE', 'FR', 'GB', 'JP');
const atom = fc.oneof(
  code.map((one) => `country: ${one}`),
  fc.constantFrom(...REGION_CODES).map((one) => `region: ${one}`),
);
const { policy: anyPolicy } = fc.letrec<{ policy: string }>((tie) => ({
  policy: fc.oneof(
    { maxDepth: 4 },
    atom,
    tie('policy').map((one) => `not (${one})`),
    fc
      .tuple(tie('policy'), fc.constantFrom('and', 'or'), tie('policy'))
      .map(([a, word, b]) => `(${a}) ${word} (${b})`),
  ),
}));

test('law: who knows less of a place is allowed no more, and never both a policy and its contrary', () => {
  const whole = fc.constantFrom(
    at('WNAM', 'US'),
    at('ENAM', 'CA'),
    at('EU WEUR', 'DE'),
    at('EU WEUR', 'FR'),
    at('WEUR', 'GB'),
    at('APAC', 'JP'),
  );
  fc.assert(
    fc.property(anyPolicy, whole, fc.boolean(), fc.nat(2), (policy, place, knowsCountry, kept) => {
      const less = {
        ...place,
        country: knowsCountry ? place.country : undefined,
        regions: place.regions.slice(0, kept),
      };
      if (allowed(policy, less)) assert(allowed(policy, place), policy);
      const contrary = `not (${policy})`;
      assert.equal(allowed(policy, place) && allowed(contrary, place), false);
      assert.equal(contradictionIn(place), undefined);
    }),
    { numRuns: 2_000 },
  );
});

test('places that cannot be are told', () => {
  assert.match(contradictionIn(at('EU APAC')) ?? '', /EU and APAC|APAC and EU/);
  assert.match(contradictionIn(at('EU', 'US')) ?? '', /US is no country of the EU/);
  assert.equal(contradictionIn(at('EU WEUR', 'FR')), undefined);
});
