/** Oddities of what orders, authorizations and directories look like. */
import type { RequestKind } from '../../../src/simulator/ca/request-kind.ts';
import type { TestRule } from '../simulator/simulated-ca.ts';
import type { Oddity } from './oddity.ts';

const ORDERS: RequestKind[] = ['new-order', 'order', 'finalize'];

/** What is answered has these members in place of its own; null for none. */
const has = (
  on: RequestKind | RequestKind[],
  body: Record<string, unknown>,
  more: Pick<TestRule, 'times'> = {},
): Oddity => ({
  rules: [{ on, fault: 'patch', body, ...more }],
});

const dns = (value: string) => ({ type: 'dns', value });

const WILDCARD = ['*.shop.test'];
const named = (host: string, identifier: object, wildcard: unknown): TestRule => ({
  on: 'authorization',
  host,
  fault: 'patch',
  body: { identifier, wildcard },
});

/** JSON that begins with a byte order mark. */
const MARKED: TestRule = {
  step: async (exchange, next) => {
    const answer = await next(exchange);
    if (answer.body === undefined) return answer;
    const headers = { 'content-type': 'application/json', ...answer.headers };
    return { ...answer, headers, body: undefined, content: `\uFEFF${JSON.stringify(answer.body)}` };
  },
};

const OTHERS = [
  { type: 'tls-alpn-01' },
  { type: 'http-01', url: 'http://ca.example/elsewhere', token: 'a/b' },
  { type: 'dns-account-01', status: 'waiting', url: 7 },
  { type: 'onion-csr-01', nonce: 'x' },
  'dns-01',
  null,
];

/** Of objects. */
export const OBJECTS: Readonly<Record<string, Oddity>> = {
  'says nothing of when orders end': has(ORDERS, { expires: null }),
  'says with an empty text when orders end': has(ORDERS, { expires: '' }),
  'says in words when orders end': has(ORDERS, { expires: 'next week' }),
  'says in seconds when orders end': has(ORDERS, { expires: 4_102_444_800 }),
  'says without a zone when orders end': has([...ORDERS, 'authorization'], {
    expires: '2099-12-31 00:00:00',
  }),
  'says that orders ended a year ago': has(ORDERS, { expires: '2020-01-01T00:00:00Z' }),
  'says with an empty text when authorizations end': has('authorization', { expires: '' }),
  'writes names in capitals': {
    rules: [
      ...has(ORDERS, { identifiers: [dns('SHOP.TEST')] }).rules,
      ...has('authorization', { identifier: dns('Shop.Test') }).rules,
    ],
  },
  'writes names with a dot at their end': {
    rules: [
      ...has(ORDERS, { identifiers: [dns('shop.test.')] }).rules,
      ...has('authorization', { identifier: dns('shop.test.') }).rules,
    ],
  },
  'writes types of names in capitals': has('authorization', {
    identifier: { type: 'DNS', value: 'shop.test' },
  }),
  'leaves names out of orders': has(ORDERS, { identifiers: null }),
  'leaves all but the status out of orders that it showed before': has(['order'], {
    identifiers: null,
    authorizations: null,
    finalize: null,
    expires: null,
  }),
  'writes the wildcard into the name of an authorization': {
    hosts: WILDCARD,
    rules: [named('*.shop.test', dns('*.shop.test'), true)],
  },
  'writes the wildcard into the name alone': {
    hosts: WILDCARD,
    rules: [named('*.shop.test', dns('*.shop.test'), null)],
  },
  'says of each authorization whether it is for a wildcard, in words': {
    hosts: WILDCARD,
    rules: [named('*.shop.test', dns('shop.test'), 'true'), named('shop.test', dns('shop.test'), 'false')],
  },
  'says that an authorization is for no wildcard': has('authorization', { wildcard: false }),
  'has challenges that nobody can read beside the usual ones': {
    rules: [{ on: 'authorization', fault: 'challenges', before: OTHERS }],
  },
  'says nothing of the status of challenges': {
    rules: [{ on: 'authorization', fault: 'challenges', without: ['status'] }],
  },
  'has valid authorizations without challenges': { rules: [{ fault: 'terms', presumes_control: true }] },
  'has valid authorizations that say nothing of challenges': {
    rules: [
      { fault: 'terms', presumes_control: true },
      ...has('authorization', { challenges: null, expires: null }).rules,
    ],
  },
  'has valid authorizations whose challenges have no token': {
    rules: [{ on: 'authorization', from: 2, fault: 'challenges', without: ['token', 'url'] }],
  },
  'calls authorizations something else at first': has(
    'authorization',
    { status: 'processing' },
    { times: 1 },
  ),
  'calls orders something else for a while': {
    ...has(['order', 'finalize'], { status: 'queued' }, { times: 12 }),
    says: /something that RFC 8555 does not know; it is asked again/,
  },
  'writes statuses in capitals': {
    rules: [{ on: ['order', 'finalize'], step: async (exchange, next) => shouted(await next(exchange)) }],
  },
  'has members that nobody knows': has([...ORDERS, 'authorization', 'directory'], {
    autoRenewal: { x: 1 },
    links: [],
    '@type': 'x',
  }),
  'names all URLs without its host': { rules: [{ fault: 'relative' }] },
  'has a directory without meta': has('directory', { meta: null }),
  'has a directory with an odd meta': has('directory', {
    meta: { termsOfService: '', caaIdentities: 'ca.example', externalAccountRequired: 'false', profiles: [] },
  }),
  'has a directory with places that nobody can ask': has('directory', {
    keyChange: 'none',
    renewalInfo: 'http://ca.example/info',
    revokeCert: false,
  }),
  'writes names of authorizations without their type': has('authorization', { identifier: 'shop.test' }),
  'names each host of an order twice': has(ORDERS, { identifiers: [dns('shop.test'), dns('shop.test')] }),
  'says nothing of authorizations in new orders': has('new-order', { authorizations: null }),
  'lists no authorizations at first': {
    ...has(['new-order', 'order'], { authorizations: [] }, { times: 4 }),
    says: /lists nothing to show for the order; it is asked again/,
  },
  'calls JSON text/plain': {
    rules: [
      {
        on: [...ORDERS, 'authorization', 'challenge', 'directory', 'new-account'],
        fault: 'patch',
        headers: { 'content-type': 'text/plain' },
      },
    ],
  },
  'says nothing of the type of JSON': {
    rules: [
      {
        on: [...ORDERS, 'authorization', 'challenge', 'directory', 'new-account'],
        fault: 'patch',
        headers: { 'content-type': null },
      },
    ],
  },
  'begins JSON with a byte order mark': { rules: [MARKED] },
  'shows objects to plain GET alone': { rules: [{ fault: 'plain_reads' }] },
};

function shouted<A extends { readonly body?: unknown }>(answer: A): A {
  const { body } = answer;
  if (typeof body !== 'object' || body === null || !('status' in body)) return answer;
  return { ...answer, body: { ...body, status: String(body.status).toUpperCase() } };
}
