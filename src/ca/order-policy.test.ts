import assert from 'node:assert/strict';
import { it } from 'node:test';
import { documentedRows } from './configuration.ts';
import { allowedDays, checkOrderPolicy, endOfValidity } from './order-policy.ts';

const { lets_encrypt, google, ssl_com } = documentedRows;
const now = new Date('2026-11-23T10:00:00.500Z');
const names = ['a.example'];

it('takes what a CA offers', () => {
  checkOrderPolicy(lets_encrypt, { names: ['*.a.example', 'xn--bcher-kva.example'], validityDays: 90 }, now);
  for (const validityDays of [14, 30, 90]) checkOrderPolicy(google, { names, validityDays }, now);
});

it('refuses other validity_days and names the ones it has', () => {
  assert.throws(() => checkOrderPolicy(lets_encrypt, { names, validityDays: 14 }, now), {
    fault: 'validity_not_offered',
    pointer: '/validity_days',
    message: 'lets_encrypt offers validity_days 90, not 14',
  });
});

it('holds public CAs to the longest validity of the day, and private ones not', () => {
  const row = { ...ssl_com, validityDays: [90, 365] as const };
  const ask = { names, validityDays: 365 };
  assert.throws(() => checkOrderPolicy(row, ask, now), {
    fault: 'validity_not_offered',
    message: /offers validity_days 90, not 365: .* issued on 2026-11-23 is valid for 200 days at most/,
  });
  checkOrderPolicy({ ...row, isPublic: false }, ask, now);
  assert.deepEqual(allowedDays(google, new Date('2029-03-15T00:00:00Z')), [14, 30]);
});

it('refuses hosts that the CA does not issue for, and says which would', () => {
  const rows = [lets_encrypt, google];
  const idn = { names: ['a.example', 'xn--bcher-kva.example'], validityDays: 90 };
  assert.throws(() => checkOrderPolicy(google, idn, now, rows), {
    fault: 'invalid_host',
    pointer: '/hosts/1',
    message:
      'xn--bcher-kva.example: google issues no certificates for internationalized hosts; lets_encrypt would',
  });
  const wildcard = { names: ['*.a.example'], validityDays: 90 };
  const row = { ...ssl_com, allowsWildcard: false };
  assert.throws(() => checkOrderPolicy(row, wildcard, now), {
    pointer: '/hosts/0',
    message: /no certificates for wildcard hosts$/,
  });
});

it('asks for an end in whole seconds within the days, and for none where the CA has a fixed validity', () => {
  assert.deepEqual(endOfValidity(google, 14, now), new Date('2026-12-07T09:59:59Z'));
  assert.equal(endOfValidity(lets_encrypt, 90, now), undefined);
});
