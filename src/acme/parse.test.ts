import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../kit/fault.ts';
import type { Order } from './acme.ts';
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
  'a finalize URL without TLS': { ...ORDER, finalize: 'http://ca.example/f' },
  'a finalize URL of another scheme': { ...ORDER, finalize: 'file:///etc/passwd' },
  'an authorization that is no URL': { ...ORDER, authorizations: [7] },
  'an endless list': { ...ORDER, authorizations: Array.from({ length: 1_001 }, () => url) },
};

for (const [what, json] of Object.entries(WRONG_ORDERS)) {
  it(`refuses an order with ${what}`, () => {
    assert.throws(() => parseOrder(json, { url }), { fault: 'ca_wrong_answer' });
  });
}

it('takes no token outside of base64url, which could leave its place in a record', () => {
  for (const token of ['', 'a b', '../x', 'a"b', 'x'.repeat(513)]) {
    const json = { ...AUTHORIZATION, challenges: [{ ...CHALLENGE, token }] };
    assert.equal(parseAuthorization(json, { url }).challenges[0]?.token, '', token);
  }
});

// biome-ignore format: a table is read by column
const LOOSE_ORDERS: readonly (readonly [what: string, json: object, expected: Partial<Order>])[] = [
  ['no status',                         { status: undefined },                     { status: 'unknown' }],
  ['a status that nobody knows',        { status: 'queued' },                      { status: 'unknown' }],
  ['a status in capitals',              { status: 'READY' },                       { status: 'ready' }],
  ['a status of another object',        { status: 'expired' },                     { status: 'invalid' }],
  ['an expiry that is no instant',      { expires: 'tomorrow' },                   {}],
  ['an empty expiry',                   { expires: '' },                           {}],
  ['an expiry of null',                 { expires: null },                         {}],
  ['an expiry without a zone',          { expires: '2026-12-01T10:00:00' },        { expires: new Date('2026-12-01T10:00:00Z') }],
  ['an expiry with a space',            { expires: '2026-12-01 10:00:00 UTC' },    { expires: new Date('2026-12-01T10:00:00Z') }],
  ['an expiry with a bare offset',      { expires: '2026-12-01T10:00:00.123456789+0200' }, { expires: new Date('2026-12-01T08:00:00.123Z') }],
  ['an expiry that is a day',           { expires: '2026-12-01' },                 { expires: new Date('2026-12-01') }],
  ['an expiry as in HTTP',              { expires: 'Tue, 01 Dec 2026 10:00:00 GMT' }, { expires: new Date('2026-12-01T10:00:00Z') }],
  ['an expiry in seconds',              { expires: 1_796_119_200 },                { expires: new Date(1_796_119_200_000) }],
  ['URLs without a host',               { finalize: '/f/1', authorizations: ['/a/1'], certificate: 'c/1' }, { finalize: 'https://ca.example/f/1', authorizations: ['https://ca.example/a/1'], certificate: 'https://ca.example/order/c/1' }],
  ['an empty certificate',              { certificate: '' },                       {}],
  ['names as nobody asked for them',    { identifiers: [{ type: 'DNS', value: '*.A.Example.' }, { value: 'bücher.example' }] }, { identifiers: [{ type: 'dns', value: '*.a.example' }, { type: 'dns', value: 'xn--bcher-kva.example' }] }],
  ['nothing but a status',              { identifiers: undefined, authorizations: undefined, finalize: undefined }, { identifiers: [], authorizations: [] }],
  ['members of later RFCs',             { autoRenewal: { 'end-date': 'x' }, replaces: 7 }, {}],
];

for (const [what, json, expected] of LOOSE_ORDERS) {
  it(`reads an order with ${what}`, () => {
    const { expires: _expires, finalize, ...rest } = parseOrder(ORDER, { url });
    const usual = 'finalize' in json ? rest : { ...rest, finalize };
    const own = 'expires' in json ? usual : { ...usual, expires: new Date('2026-12-01') };
    assert.deepEqual(parseOrder({ ...ORDER, ...json }, { url }), { ...own, ...expected });
  });
}

function read(json: object) {
  const { identifier, isWildcard, status, challenges } = parseAuthorization(json, { url });
  return { name: identifier.value, isWildcard, status, challenges };
}

it('reads what is needed of an authorization, and demands nothing else', () => {
  const plain = { name: 'a.example', isWildcard: false, status: 'valid', challenges: [] };
  const identifier = { type: 'dns', value: 'a.example' };
  assert.deepEqual(read({ status: 'valid', identifier }), plain);
  assert.deepEqual(read({ status: 'valid', identifier, challenges: null, wildcard: false }), plain);
  const wildcard = { ...plain, isWildcard: true };
  assert.deepEqual(read({ status: 'valid', identifier: { type: 'dns', value: '*.A.example.' } }), wildcard);
  assert.deepEqual(read({ status: 'valid', identifier, wildcard: 'true' }), wildcard);
  assert.equal(read({ status: 'processing', identifier }).status, 'pending');
  const others = [7, { type: 'dns-01' }, { type: 'http-01', url: 'http://ca.example/x' }, { type: 'new-02' }];
  const bare = { type: 'DNS-01', url: '/c/1', token: 'abc' };
  assert.deepEqual(read({ status: 'pending', identifier, challenges: [...others, bare] }).challenges, [
    { type: 'dns-01', url: 'https://ca.example/c/1', status: 'pending', token: 'abc' },
  ]);
  assert.throws(() => read({ status: 'valid' }), { fault: 'ca_wrong_answer' });
});

it('reads a directory without meta, with URLs that have no host, and with texts where flags are wanted', () => {
  const at = 'https://ca.example/acme/directory';
  const urls = { newNonce: 'nonce', newAccount: '/account', newOrder: 'https://other.example/order' };
  const expected = {
    newNonce: 'https://ca.example/acme/nonce',
    newAccount: 'https://ca.example/account',
    newOrder: 'https://other.example/order',
  };
  for (const meta of [undefined, null, [], 'x'])
    assert.deepEqual(parseDirectory({ ...urls, meta, revokeCert: '' }, at), { ...expected, meta: {} });
  const meta = { termsOfService: '', externalAccountRequired: 'true', caaIdentities: 'CA.example.' };
  assert.deepEqual(parseDirectory({ ...urls, meta }, at).meta, {
    externalAccountRequired: true,
    caaIdentities: ['ca.example'],
  });
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
  (json: unknown) => parseDirectory(json, 'https://ca.example/directory'),
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
