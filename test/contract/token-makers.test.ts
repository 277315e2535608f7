/** What a token makes neither outranks nor outlives it, and nobody gets at a token that may more than his own. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { days } from '../../src/kit/time.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { allow, givenOwner, made, resources, send, type TokenAnswer } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
before(async () => {
  api = await startApi(ends);
  account = await givenOwner(api, ['one.test', 'two.test']);
});
after(() => ends.disposeAsync());

const zone = (i: number): string => account.zones[i]?.id ?? '';
const inDays = (n: number): string =>
  new Date(api.jobs.clock.now().getTime() + days(n) * 1_000).toISOString();
const TOKENS = () => allow(['API Tokens Write'], resources({ account: account.id }));
const packs = (zones: readonly string[], ...names: ('Read' | 'Write')[]) =>
  allow(
    names.map((name) => `SSL and Certificates ${name}` as const),
    resources({ zones }),
  );

/** A token that may make tokens: for packs of the first zone, from an office, for ten days. */
const givenMaker = (by = account.token): Promise<TokenAnswer['result']> =>
  made(api.url, by, {
    policies: [packs([zone(0)], 'Write'), TOKENS()],
    condition: { request_ip: { in: ['127.0.0.0/8', '::1/128'] } },
    expires_on: inDays(10),
  });

const OFFICE = { condition: { request_ip: { in: ['127.0.0.1/32'] } } };
const make = (by: string, body: object): Promise<TokenAnswer> =>
  send(api.url, ['POST', '/user/tokens'], by, { body: { name: 'child', ...OFFICE, ...body } });
const change = (by: string, id: string, body: object): Promise<TokenAnswer> =>
  send(api.url, ['PUT', `/user/tokens/${id}`], by, { body: { name: 'child', ...OFFICE, ...body } });
const see = async (secret: string, i = 0): Promise<number> =>
  (await send(api.url, ['GET', `/zones/${zone(i)}/ssl/certificate_packs`], secret)).status;

const BEYOND: readonly (readonly [string, () => object, string])[] = [
  ['another zone', () => ({ policies: [packs([zone(1)], 'Read')] }), '/policies/0'],
  ['all zones', () => ({ policies: [packs([zone(0)], 'Read'), packs(['*'], 'Read')] }), '/policies/1'],
  [
    'all zones in the account',
    () => ({
      policies: [
        allow(['SSL and Certificates Read'], {
          [`com.cloudflare.api.account.${account.id}`]: { 'com.cloudflare.api.account.zone.*': '*' },
        }),
      ],
    }),
    '/policies/0',
  ],
  [
    'another permission',
    () => ({ policies: [allow(['Zone Read'], resources({ zones: [zone(0)] }))] }),
    '/policies/0',
  ],
  [
    'the account’s settings',
    () => ({ policies: [allow(['Account Settings Read'], resources({ account: account.id }))] }),
    '/policies/0',
  ],
  ['any address', () => ({ policies: [packs([zone(0)], 'Read')], condition: null }), '/condition/request_ip'],
  [
    'more addresses',
    () => ({
      policies: [packs([zone(0)], 'Read')],
      condition: { request_ip: { in: ['127.0.0.1/32', '192.0.2.0/24'] } },
    }),
    '/condition/request_ip',
  ],
  ['a longer life', () => ({ policies: [packs([zone(0)], 'Read')], expires_on: inDays(11) }), '/expires_on'],
];
for (const [what, body, pointer] of BEYOND) {
  it(`what a token makes cannot have ${what}, neither when it is made nor by a change`, async () => {
    const maker = await givenMaker();
    const child = await made(api.url, maker.value, { ...OFFICE, policies: [packs([zone(0)], 'Read')] });
    const answers = [await make(maker.value, body()), await change(maker.value, child.id, body())];
    for (const answer of answers)
      assert.deepEqual([answer.status, answer.code, answer.pointer], [403, 9109, pointer], answer.message);
    const byOwner = await change(account.token, child.id, body());
    assert.deepEqual([byOwner.status, byOwner.pointer], [403, pointer], 'its maker bounds it, whoever asks');
    assert.match(byOwner.message, new RegExp(maker.id));
  });
}

it('what a token makes ends with it where nothing else is said, and may have less', async () => {
  const maker = await givenMaker();
  const { status, result } = await make(maker.value, { policies: [packs([zone(0)], 'Read')] });
  assert.equal(status, 200);
  assert.equal(result.expires_on, maker.expires_on);
  assert.equal(await see(result.value), 200);
});

it('what a token makes may make tokens itself only where it is given that, and these are bound as well', async () => {
  const maker = await givenMaker();
  const { result: child } = await make(maker.value, { policies: [packs([zone(0)], 'Read'), TOKENS()] });
  assert.equal((await make(child.value, { policies: [packs([zone(0)], 'Write')] })).status, 403);
  const { result: grandchild } = await make(child.value, { policies: [packs([zone(0)], 'Read')] });
  assert.equal(await see(grandchild.value), 200);
  assert.equal((await make(grandchild.value, { policies: [packs([zone(0)], 'Read')] })).status, 403);
});

it('what a token makes is good only while it is: off with it and on again, gone with it, also two steps on', async () => {
  const maker = await givenMaker();
  const { result: child } = await make(maker.value, { policies: [packs([zone(0)], 'Read'), TOKENS()] });
  const { result: grandchild } = await make(child.value, { policies: [packs([zone(0)], 'Read')] });
  const terms = { policies: [packs([zone(0)], 'Write'), TOKENS()], expires_on: maker.expires_on };
  assert.equal((await change(account.token, maker.id, { ...terms, status: 'disabled' })).status, 200);
  assert.deepEqual([await see(child.value), await see(grandchild.value)], [401, 401]);
  const told = await send(api.url, ['GET', `/user/tokens/${grandchild.id}`], account.token);
  assert.equal(told.result.status, 'disabled');
  await change(account.token, maker.id, terms);
  assert.deepEqual([await see(child.value), await see(grandchild.value)], [200, 200]);
  await send(api.url, ['DELETE', `/user/tokens/${maker.id}`], account.token);
  assert.deepEqual([await see(child.value), await see(grandchild.value)], [401, 401]);
  assert.equal((await send(api.url, ['GET', `/user/tokens/${child.id}`], account.token)).status, 404);
});

it('what a token makes is held while it may more than its maker, since that was narrowed', async () => {
  const maker = await givenMaker();
  const [reads, writes] = [
    (await make(maker.value, { policies: [packs([zone(0)], 'Read')] })).result,
    (await make(maker.value, { policies: [packs([zone(0)], 'Write')] })).result,
  ];
  const narrow = { policies: [packs([zone(0)], 'Read'), TOKENS()], expires_on: maker.expires_on };
  assert.equal((await change(account.token, maker.id, narrow)).status, 200);
  assert.deepEqual([await see(reads.value), await see(writes.value)], [200, 401]);
  const wide = { ...narrow, policies: [packs([zone(0)], 'Write'), TOKENS()] };
  await change(account.token, maker.id, wide);
  assert.deepEqual([await see(reads.value), await see(writes.value)], [200, 200]);
});

it('what a token makes ends and begins with its maker when the times of that are changed', async () => {
  const maker = await givenMaker();
  const { result: child } = await make(maker.value, { policies: [packs([zone(0)], 'Read')] });
  const terms = { policies: [packs([zone(0)], 'Write'), TOKENS()] };
  const [begin, end] = [inDays(2), inDays(3)];
  await change(account.token, maker.id, { ...terms, not_before: begin, expires_on: end });
  assert.equal(await see(child.value), 401);
  const { result } = await send(api.url, ['GET', `/user/tokens/${child.id}`], account.token);
  assert.deepEqual(
    [result.not_before, result.expires_on].map((text) => text && Date.parse(text)),
    [Date.parse(begin), Date.parse(end)],
  );
});

it('what a token makes stays when its maker gets another secret', async () => {
  const maker = await givenMaker();
  const { result: child } = await make(maker.value, { policies: [packs([zone(0)], 'Read')] });
  const rolled = await send(api.url, ['PUT', `/user/tokens/${maker.id}/value`], account.token, {
    body: {},
  });
  assert.equal(rolled.status, 200);
  assert.deepEqual([await see(maker.value), await see(child.value)], [401, 200]);
});

it('a token that may make tokens neither learns the secret of one that may more, nor changes it, nor takes it away', async () => {
  const maker = await givenMaker();
  const admin = await made(api.url, account.token, { policies: [packs(['*'], 'Write')] });
  const asks = [
    [['PUT', `/user/tokens/${admin.id}/value`], { body: {} }],
    [['DELETE', `/user/tokens/${admin.id}`], {}],
    [
      ['PUT', `/user/tokens/${admin.id}`],
      { body: { name: 'x', ...OFFICE, policies: [packs([zone(0)], 'Read')] } },
    ],
  ] as const;
  for (const [ask, rest] of asks)
    assert.equal((await send(api.url, ask, maker.value, rest)).status, 403, ask.join(' '));
  assert.equal(await see(admin.value, 1), 200);
});

it('a token that may make tokens cannot learn the secret of one that lives longer', async () => {
  const maker = await givenMaker();
  const longer = await made(api.url, account.token, { ...OFFICE, policies: [packs([zone(0)], 'Read')] });
  const path = `/user/tokens/${longer.id}/value`;
  const { status, pointer } = await send(api.url, ['PUT', path], maker.value, { body: {} });
  assert.deepEqual([status, pointer], [403, '/expires_on']);
});

it('a token that may make tokens cannot lengthen its own life, nor widen itself', async () => {
  const maker = await givenMaker();
  const own = { policies: [packs([zone(0)], 'Write'), TOKENS()] };
  const wider = [
    { ...own, expires_on: inDays(20) },
    { ...own, expires_on: maker.expires_on, policies: [packs(['*'], 'Write'), TOKENS()] },
    { ...own, expires_on: maker.expires_on, condition: null },
  ];
  for (const body of wider) assert.equal((await change(maker.value, maker.id, body)).status, 403);
});

it('a token that may make tokens switches off what lives longer than itself, and not on again', async () => {
  const maker = await givenMaker();
  const policies = [packs([zone(0)], 'Read')];
  const longer = await made(api.url, account.token, { ...OFFICE, policies });
  assert.equal((await change(maker.value, longer.id, { policies, status: 'disabled' })).status, 200);
  assert.equal(await see(longer.value), 401);
  assert.equal((await change(maker.value, longer.id, { policies })).status, 403);
  assert.equal((await change(account.token, longer.id, { policies })).status, 200);
  assert.equal(await see(longer.value), 200);
});

it('a token that may make tokens makes none any more once it is narrowed, switched off or gone, also between two requests of one moment', async () => {
  const maker = await givenMaker();
  const terms = { policies: [packs([zone(0)], 'Read'), TOKENS()], expires_on: maker.expires_on };
  const child = { policies: [packs([zone(0)], 'Write')] };
  await Promise.all([
    ...Array.from({ length: 8 }, () => make(maker.value, child)),
    change(account.token, maker.id, terms),
    ...Array.from({ length: 8 }, () => make(maker.value, child)),
  ]);
  const { result } = await send(api.url, ['GET', '/user/tokens?per_page=50'], account.token);
  assert(Array.isArray(result));
  const { rows } = await api.jobs.pool.query<{ n: number }>(
    'select count(*)::int as n from tokens where made_by = $1 and not is_held',
    [maker.id],
  );
  assert.equal(rows[0]?.n, 0, 'none is good that may write');
});

it('the name of a user is nobody else’s, and stays', async () => {
  const policies = [packs([zone(0)], 'Read')];
  for (const name of ['user ops@one.test', 'User x', 'USER'])
    assert.equal((await make(account.token, { name, policies })).pointer, '/name');
});
