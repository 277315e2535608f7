import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import {
  excessOf,
  isGranted,
  isGrantedIn,
  PERMISSION_NAMES,
  PERMISSIONS,
  type Policy,
  policyFor,
  zonesWith,
} from './permission.ts';

const ZONES = ['a', 'b', 'c'];
const policy: fc.Arbitrary<Policy> = fc.record({
  id: fc.constant('p'),
  permissions: fc.uniqueArray(fc.constantFrom(...PERMISSION_NAMES), { minLength: 1 }),
  isOfAccount: fc.boolean(),
  zones: fc.oneof(fc.constant('all' as const), fc.uniqueArray(fc.constantFrom(...ZONES))),
});
const policies = fc.array(policy, { maxLength: 3 });

/** Everything that policies give, one line each. */
const allOf = (given: readonly Policy[]): string[] =>
  PERMISSION_NAMES.flatMap((name) => [
    ...(isGranted(given, name) ? [`${name}, all`] : []),
    ...(PERMISSIONS[name].scope === 'zone' ? ZONES.filter((zone) => isGrantedIn(given, name, zone)) : []).map(
      (zone) => `${name}, ${zone}`,
    ),
  ]);

it('policies exceed others exactly where they give something that the others do not', () => {
  fc.assert(
    fc.property(policies, policies, (some, bounds) => {
      const beyond = allOf(some).filter((one) => !allOf(bounds).includes(one));
      assert.equal(excessOf(some, bounds) === undefined, beyond.length === 0, beyond.join('; '));
    }),
    { numRuns: 2_000 },
  );
});

it('policies are within themselves', () => {
  fc.assert(fc.property(policies, (one) => excessOf(one, one) === undefined));
});

it('a permission to write includes to read, and none else', () => {
  const given = [policyFor('x', 'certificates', ['a'])];
  assert.deepEqual(allOf(given), [
    'SSL and Certificates Read, a',
    'SSL and Certificates Write, a',
    'Zone Read, a',
    'DNS Read, a',
  ]);
});

it('a permission of the account is given for no zone, and one of zones not for the account', () => {
  const one = { id: 'x', permissions: PERMISSION_NAMES };
  assert.deepEqual(allOf([{ ...one, isOfAccount: true, zones: [] }]), [
    'Account Settings Read, all',
    'API Tokens Read, all',
    'API Tokens Write, all',
    'Notifications Read, all',
    'Notifications Write, all',
  ]);
  const inZones = allOf([{ ...one, isOfAccount: false, zones: 'all' }]);
  assert(inZones.length > 0 && inZones.every((line) => /^(SSL|Zone|DNS)/.test(line)), inZones.join());
});

it('zones of several policies come together, permission by permission', () => {
  const given: Policy[] = [
    { id: '1', permissions: ['Zone Read'], isOfAccount: false, zones: 'all' },
    { id: '2', permissions: ['SSL and Certificates Write'], isOfAccount: false, zones: ['a'] },
    { id: '3', permissions: ['SSL and Certificates Read'], isOfAccount: false, zones: ['b'] },
  ];
  assert.equal(zonesWith(given, 'Zone Read'), 'all');
  assert.deepEqual(zonesWith(given, 'SSL and Certificates Read'), ['a', 'b']);
  assert.deepEqual(zonesWith(given, 'SSL and Certificates Write'), ['a']);
  assert.deepEqual(zonesWith(given, 'Zone Write'), []);
});
