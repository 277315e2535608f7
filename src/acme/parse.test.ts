import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../kit/fault.ts';
import { isServerUrl } from './fields.ts';
import { parseAuthorization, parseDirectory, parseOrder } from './parse.ts';

const url = 'https://ca.example/order/1';
const ORDER = {
  status: 'pending',
  expires: '2026-12-01T00:00:00Z',
  identifiers: [{ type: 'dns', value: 'A.example' }],
  authorizations: ['https://ca.example/authz/1'],
  finalize: 'https://ca.example/finalize/1',
};
const CHALLENGE = { type: 'dns-01', url: 'https://ca.example/chall/1', status: 'pending', token: 'abc_-9' };
const AUTHORIZATION = {
  status: 'pending',
  identifier: { type: 'dns', value: 'a.example' },
  challenges: [CHALLENGE],
};

it('reads an order', () => {
  assert.deepEqual(parseOrder(ORDER, { url, retryAfter: 3 }), {
    ...ORDER,
    url,
    expires: new Date('2026-12-01'),
    identifiers: [{ type: 'dns', value: 'a.example' }],
    retryAfter: 3,
  });
});

it('reads an authorization, and leaves out challenges of types it does not know', () => {
  const json = { ...AUTHORIZATION, wildcard: true, challenges: [{ type: 'new-01' }, CHALLENGE] };
  const { isWildcard, challenges } = parseAuthorization(json, { url });
  assert.equal(isWildcard, true);
  assert.deepEqual(challenges, [CHALLENGE]);
});

const WRONG_ORDERS = {
  'no status': { ...ORDER, status: undefined },
  'an unknown status': { ...ORDER, status: 'ok' },
  'a finalize URL without TLS': { ...ORDER, finalize: 'http://ca.example/f' },
  'a finalize URL of another scheme': { ...ORDER, finalize: 'file:///etc/passwd' },
  'an authorization that is no URL': { ...ORDER, authorizations: [7] },
  'an endless list': { ...ORDER, authorizations: Array.from({ length: 1_001 }, () => url) },
  'an expiry that is no instant': { ...ORDER, expires: 'tomorrow' },
  'an identifier that is no DNS name': { ...ORDER, identifiers: [{ type: 'ip', value: '192.0.2.1' }] },
};

for (const [what, json] of Object.entries(WRONG_ORDERS)) {
  it(`refuses an order with ${what}`, () => {
    assert.throws(() => parseOrder(json, { url }), { fault: 'ca_wrong_answer' });
  });
}

it('refuses a token outside of base64url, which could leave its place in a record', () => {
  for (const token of ['', 'a b', '../x', 'a"b', 'x'.repeat(513)]) {
    const json = { ...AUTHORIZATION, challenges: [{ ...CHALLENGE, token }] };
    assert.throws(() => parseAuthorization(json, { url }), { fault: 'ca_wrong_answer' });
  }
});

it('takes https URLs, and http ones of the machine itself', () => {
  for (const good of [
    'https://ca.example/x',
    'http://127.0.0.1:8/',
    'http://[::1]/',
    'http://localhost:1/',
  ]) {
    assert.equal(isServerUrl(good), true, good);
  }
  const user = 'https://user:secret@ca.example/';
  for (const bad of [
    'http://ca.example/',
    'ftp://127.0.0.1/',
    user,
    'https://',
    'x',
    'http://127.0.0.1.example/',
  ]) {
    assert.equal(isServerUrl(bad), false, bad);
  }
});

const PARSERS = [
  (json: unknown) => parseDirectory(json, 'ca.example'),
  (json: unknown) => parseOrder(json, { url }),
  (json: unknown) => parseAuthorization(json, { url }),
];

it('throws nothing but ca_wrong_answer, whatever JSON comes', () => {
  const names = Object.keys({ ...ORDER, ...AUTHORIZATION, meta: 1 });
  const shaped = fc.record(Object.fromEntries(names.map((name) => [name, fc.jsonValue()])));
  const law = fc.property(fc.oneof(fc.jsonValue(), shaped), (json) => {
    for (const parse of PARSERS) {
      try {
        parse(json);
      } catch (error) {
        assert.equal(error instanceof Fault && error.fault, 'ca_wrong_answer');
      }
    }
  });
  fc.assert(law, { numRuns: 200 });
});
