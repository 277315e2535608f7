import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAllowed, isNarrower, isNetwork, type RequestIp } from './client-address.ts';

describe('a network', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['192.0.2.0/24', true],
    ['192.0.2.7/24', true],
    ['0.0.0.0/0', true],
    ['2001:db8::/32', true],
    ['::ffff:192.0.2.0/120', true],
    ['192.0.2.1', false],
    ['192.0.2.0/33', false],
    ['192.0.2/24', false],
    ['010.0.0.0/8', false],
    ['0x0a.0.0.0/8', false],
    ['fe80::%eth0/64', false],
    ['2001:db8::/129', false],
    ['*', false],
    ['', false],
  ];
  for (const [text, expected] of cases)
    it(`is ${expected ? '' : 'not '}${JSON.stringify(text)}`, () => assert.equal(isNetwork(text), expected));
});

describe('an address', () => {
  const office: RequestIp = { in: ['192.0.2.0/24', '2001:db8::/32'], not_in: ['192.0.2.7/32'] };
  const cases: readonly (readonly [RequestIp, string, boolean])[] = [
    [office, '192.0.2.1', true],
    [office, '::ffff:192.0.2.1', true],
    [office, '192.0.2.7', false],
    [office, '::ffff:192.0.2.7', false],
    [office, '198.51.100.1', false],
    [office, '2001:db8:1::1', true],
    [office, '2001:db9::1', false],
    [office, 'not an address', false],
    [office, '', false],
    [office, '0300.0.2.1', false],
    [{ in: ['::ffff:192.0.2.0/120'] }, '192.0.2.1', true],
    [{ not_in: ['192.0.2.0/24'] }, '198.51.100.1', true],
    [{ not_in: ['192.0.2.0/24'] }, '192.0.2.1', false],
    [{}, '198.51.100.1', true],
    [{}, 'not an address', false],
  ];
  for (const [condition, address, expected] of cases)
    it(`${address} is ${expected ? '' : 'not '}allowed by ${JSON.stringify(condition)}`, () =>
      assert.equal(isAllowed(condition, address), expected));
});

/** Of a small world, so that networks meet. */
const network = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }), fc.boolean())
  .map(([last, bits, isMapped]) =>
    isMapped ? `::ffff:192.0.2.${last}/${bits + 96}` : `192.0.2.${last}/${bits}`,
  );
const networks = fc.array(network, { minLength: 1, maxLength: 3 });
const condition: fc.Arbitrary<RequestIp> = fc.record(
  { in: networks, not_in: networks },
  { requiredKeys: [] },
);

it('what is narrower allows no address that the wider does not', () => {
  let narrower = 0;
  fc.assert(
    fc.property(condition, condition, (inner, outer) => {
      if (!isNarrower(inner, outer)) return;
      narrower += 1;
      for (let last = 0; last < 256; last++) {
        const address = `192.0.2.${last}`;
        if (isAllowed(inner, address)) assert(isAllowed(outer, address), address);
      }
      if (isAllowed(inner, '198.51.100.1')) assert(isAllowed(outer, '198.51.100.1'));
    }),
    { numRuns: 3_000 },
  );
  assert(narrower > 50, `only ${narrower} pairs were of that kind`);
});

it('every condition is as narrow as itself', () => {
  fc.assert(fc.property(condition, (one) => isNarrower(one, one)));
});
