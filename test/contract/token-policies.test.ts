/** Policies of tokens are what Cloudflare documents, each for what it says. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { Permission } from '../../src/pack/permission.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { allow, givenOwner, made, resources, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let mine: TestAccount;
let other: TestAccount;
before(async () => {
  api = await startApi(ends);
  mine = await givenOwner(api, ['one.test', 'two.test']);
  other = await givenOwner(api, ['other.test']);
});
after(() => ends.disposeAsync());

const ACCOUNT = 'com.cloudflare.api.account';
const zoneOf = (account: TestAccount, i: number): string => account.zones[i]?.id ?? '';
const listOf = (zoneId: string) => `/zones/${zoneId}/ssl/certificate_packs`;
const READ: readonly Permission[] = ['SSL and Certificates Read'];

const good = () => allow(READ, resources({ zones: ['*'] }));

const ways: readonly (readonly [string, () => object, readonly boolean[]])[] = [
  ['one zone', () => resources({ zones: [zoneOf(mine, 0)] }), [true, false]],
  ['all zones', () => resources({ zones: ['*'] }), [true, true]],
  [
    'all zones in the account',
    () => ({ [`${ACCOUNT}.${mine.id}`]: { [`${ACCOUNT}.zone.*`]: '*' } }),
    [true, true],
  ],
  [
    'one zone in the account',
    () => ({ [`${ACCOUNT}.${mine.id}`]: { [`${ACCOUNT}.zone.${zoneOf(mine, 1)}`]: '*' } }),
    [false, true],
  ],
];
for (const [what, given, reached] of ways) {
  it(`a token for ${what} reaches that and no other account, and is told as it was given`, async () => {
    const token = await made(api.url, mine.token, { policies: [allow(READ, given())] });
    assert.deepEqual(token.policies[0]?.resources, given());
    for (const [i, isReached] of reached.entries()) {
      const { status } = await send(api.url, ['GET', listOf(zoneOf(mine, i))], token.value);
      assert.equal(status, isReached ? 200 : 403);
    }
    const foreign = await send(api.url, ['GET', listOf(zoneOf(other, 0))], token.value);
    assert(foreign.status === 403 || foreign.status === 404);
  });
}

it('a token may what its policies say, each where it says it', async () => {
  const policies = [
    allow(['Zone Read'], resources({ zones: ['*'] })),
    allow(['SSL and Certificates Read'], resources({ zones: [zoneOf(mine, 0)] })),
    allow(['Account Settings Read'], resources({ account: mine.id })),
  ];
  const { value } = await made(api.url, mine.token, { policies });
  const cases = [
    ['GET', `/zones/${zoneOf(mine, 1)}`, 200],
    ['GET', listOf(zoneOf(mine, 0)), 200],
    ['GET', listOf(zoneOf(mine, 1)), 403],
    ['GET', `/accounts/${mine.id}/ssl/certificate_packs`, 403],
    ['GET', `/accounts/${mine.id}/ssl/certificate_packs?zone_id=${zoneOf(mine, 0)}`, 200],
    ['GET', `/accounts/${mine.id}/logs/audit`, 200],
    ['GET', '/user/tokens', 403],
    ['DELETE', `${listOf(zoneOf(mine, 0))}/${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`, 403],
    ['DELETE', `/zones/${zoneOf(mine, 0)}`, 403],
  ] as const;
  for (const [method, path, status] of cases)
    assert.equal((await send(api.url, [method, path], value)).status, status, `${method} ${path}`);
});

it('a token without Zone Read lists no zone, and with it for one lists that', async () => {
  const [blind, one] = [
    await made(api.url, mine.token, { policies: [good()] }),
    await made(api.url, mine.token, {
      policies: [allow(['Zone Read'], resources({ zones: [zoneOf(mine, 1)] }))],
    }),
  ];
  assert.equal((await send(api.url, ['GET', '/zones'], blind.value)).status, 403);
  const { result } = await send(api.url, ['GET', '/zones'], one.value);
  assert(Array.isArray(result) && result.length === 1);
});

it('a token that may write all zones may make no token and see none: that is a permission of its own', async () => {
  const { value } = await made(api.url, mine.token, {
    policies: [allow(['SSL and Certificates Write', 'Zone Write'], resources({ zones: ['*'] }))],
  });
  const body = { name: 'child', policies: [good()] };
  const answer = await send(api.url, ['POST', '/user/tokens'], value, { body });
  assert.equal(answer.status, 403);
  assert.match(answer.message, /'API Tokens Write'/);
  assert.equal((await send(api.url, ['GET', '/user/tokens'], value)).status, 403);
});

it('a token of another account is not found, whatever is done with it', async () => {
  const { id } = await made(api.url, other.token, { policies: [good()] });
  const body = { name: 'mine now', policies: [good()] };
  const asks = [
    [['GET', `/user/tokens/${id}`], {}],
    [['PUT', `/user/tokens/${id}`], { body }],
    [['PUT', `/user/tokens/${id}/value`], {}],
    [['DELETE', `/user/tokens/${id}`], {}],
  ] as const;
  for (const [ask, rest] of asks) {
    const { status, code, message } = await send(api.url, ask, mine.token, rest);
    assert.deepEqual([status, code, message], [404, 1009, `there is no token ${id}`]);
  }
  assert.equal((await send(api.url, ['GET', `/user/tokens/${id}`], other.token)).result.id, id);
});

it('a token comes back from Cloudflare’s own ids of permission groups, found by name and by scope', async () => {
  const path = '/user/tokens/permission_groups?name=Zone%20Read&scope=com.cloudflare.api.account.zone';
  const { result } = await send(api.url, ['GET', path], mine.token);
  assert.deepEqual(result, [
    {
      id: 'c8fed203ed3043cba015a93ad1616f1f',
      name: 'Zone Read',
      scopes: ['com.cloudflare.api.account.zone'],
      is_selectable: true,
    },
  ]);
});
