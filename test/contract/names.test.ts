/** Which names an account can have, beside those that the operator or another account has or had. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it, type TestContext } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { documentedRows } from '../../src/ca/configuration.ts';
import { days } from '../../src/kit/time.ts';
import { FREE_NAMES, type NamePolicy } from '../../src/pack/name-policy.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { type Explained, explainingPool } from '../support/explained.ts';
import { clear } from '../support/job-deps.ts';
import { givenOwner, send, type TokenAnswer } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
/** The account that was made first, and another. */
let first: TestAccount;
let other: TestAccount;
before(async () => {
  api = await startApi(ends);
});
beforeEach(async () => {
  await clear(api.jobs);
  first = await givenOwner(api, []);
  api.jobs.clock.advance(1);
  other = await givenOwner(api, []);
});
after(() => ends.disposeAsync());

/** Ways to ask an API with other rules about names. */
interface Asking {
  readonly create: (who: TestAccount, name: string) => Promise<TokenAnswer>;
  readonly remove: (who: TestAccount, zone: TokenAnswer) => Promise<TokenAnswer>;
  readonly order: (who: TestAccount, zoneId: string, hosts: readonly string[]) => Promise<TokenAnswer>;
}

async function given(
  t: TestContext,
  names: Partial<NamePolicy> = {},
  deps: Partial<ApiDeps> = {},
): Promise<Asking> {
  const rows = new Map([['lets_encrypt', documentedRows.lets_encrypt]] as const);
  const app = await buildApi({ ...api.deps, rows, names: { ...FREE_NAMES, ...names }, ...deps });
  t.after(() => app.close());
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  return {
    create: ({ token }, name) => send(url, ['POST', '/zones'], token, { body: { name, type: 'partial' } }),
    remove: ({ token }, { result }) => send(url, ['DELETE', `/zones/${result.id}`], token),
    order: ({ token }, zoneId, hosts) =>
      send(url, ['POST', `/zones/${zoneId}/ssl/certificate_packs/order`], token, {
        body: { ...ORDER, hosts },
      }),
  };
}

const ORDER = {
  type: 'advanced',
  certificate_authority: 'lets_encrypt',
  validation_method: 'txt',
  validity_days: 90,
};

const OK = { status: 200, code: undefined };
/** Whether a zone was refused as one that is not free. */
function assertNotFree(answer: TokenAnswer, name: string): void {
  assert.deepEqual([answer.status, answer.code, answer.pointer], [400, 1061, '/name'], name);
  assert.match(answer.message, /^\S+ is not free for this account: /, name);
}

async function assertMade(answer: Promise<TokenAnswer>): Promise<TokenAnswer> {
  const made = await answer;
  assert.deepEqual({ status: made.status, code: made.code }, OK, made.message);
  return made;
}

const RELATED = ['dcv.shop.example', 'shop.example', 'a.b.dcv.shop.example'];

it('names of the operator, above and below them too, are for the account alone that was made first', async (t) => {
  const { create } = await given(t, { owned: [{ name: 'dcv.shop.example' }] });
  for (const name of RELATED) assertNotFree(await create(other, name), name);
  await assertMade(create(other, 'beside.shop.example'));
  await assertMade(create(first, 'below.dcv.shop.example'));
  await assertMade(create(first, 'dcv.shop.example'));
});

it('the operator says which accounts are his own', async (t) => {
  const policy = { owned: [{ name: 'dcv.shop.example' }], operatorAccounts: [other.id] };
  const { create } = await given(t, policy);
  for (const name of RELATED) assertNotFree(await create(first, name), name);
  for (const name of RELATED) await assertMade(create(other, name));
});

it('a zone that the operator publishes in for an account is for that account alone', async (t) => {
  const { create } = await given(t, { owned: [{ name: 'dcv.shop.example', accountId: other.id }] });
  for (const name of RELATED) assertNotFree(await create(first, name), name);
  for (const name of RELATED) await assertMade(create(other, name));
});

it('a zone that is older than what the operator says gets no certificates for his names', async (t) => {
  const { result } = await assertMade((await given(t)).create(other, 'shop.example'));
  const owned = [{ name: 'dcv.shop.example' }, { name: 'kept.shop.example', accountId: other.id }];
  const { order } = await given(t, { owned });
  for (const host of ['dcv.shop.example', '*.dcv.shop.example', 'x.dcv.shop.example', '*.shop.example']) {
    const { status, code, message, pointer } = await order(other, result.id, ['www.shop.example', host]);
    assert.deepEqual([status, code, pointer], [400, 1407, '/hosts/1'], host);
    assert.match(message, /is kept by the operator of this service/);
  }
  await assertMade(order(other, result.id, ['www.shop.example', 'kept.shop.example']));
});

it('a public suffix of the private part of the list is nobody’s, unless the operator allows an account', async (t) => {
  const plain = await given(t);
  for (const account of [first, other]) {
    const { status, code, message } = await plain.create(account, 'github.io');
    assert.deepEqual([status, code], [400, 1099]);
    assert.match(message, /^github\.io is a public suffix by the private part .*suffix_accounts/);
  }
  await assertMade(plain.create(first, 'somebody.github.io'));
  const above = await assertMade(plain.create(first, 'amazonaws.com'));
  for (const host of ['s3.amazonaws.com', '*.s3.amazonaws.com']) {
    const { code, pointer } = await plain.order(first, above.result.id, [host]);
    assert.deepEqual([code, pointer], [1407, '/hosts/0']);
  }
  await assertMade(plain.order(first, above.result.id, ['a.s3.amazonaws.com', 'www.amazonaws.com']));
  const allowing = await given(t, { suffixAccounts: [first.id] });
  await assertMade(allowing.order(first, above.result.id, ['s3.amazonaws.com', '*.s3.amazonaws.com']));
  assert.equal((await allowing.create(other, 'gitlab.io')).code, 1099);
  const platform = await assertMade(allowing.create(first, 'gitlab.io'));
  await assertMade(allowing.order(first, platform.result.id, ['*.gitlab.io']));
});

it('a name that was given up rests for 30 days before another account can have it, or one above or below it', async (t) => {
  const { create, remove } = await given(t, { rest: days(30) });
  const zone = await assertMade(create(first, 'dcv.shop.example'));
  await assertMade(remove(first, zone));
  for (const name of RELATED) assertNotFree(await create(other, name), name);
  await assertMade(create(other, 'beside.shop.example'));
  api.jobs.clock.advance(days(30) - 60);
  for (const name of RELATED) assertNotFree(await create(other, name), name);
  api.jobs.clock.advance(60);
  for (const name of RELATED) await assertMade(create(other, name));
});

it('the account that gave a name up can have it back at once, and then it rests from when it goes again', async (t) => {
  const { create, remove } = await given(t, { rest: days(30) });
  for (const pause of [0, days(20)]) {
    api.jobs.clock.advance(pause);
    await assertMade(remove(first, await assertMade(create(first, 'shop.example'))));
  }
  api.jobs.clock.advance(days(20));
  assertNotFree(await create(other, 'shop.example'), 'given up 20 days ago');
  const back = await assertMade(create(first, 'shop.example'));
  api.jobs.clock.advance(days(60));
  assertNotFree(await create(other, 'shop.example'), 'held');
  await assertMade(remove(first, back));
  api.jobs.clock.advance(days(31));
  await assertMade(create(other, 'shop.example'));
});

it('what is refused is refused in the same words by the same work, whatever the reason', async (t) => {
  const seen: Explained[] = [];
  const pool = explainingPool(api.jobs.pool, seen);
  t.after(() => pool.end());
  const policy = { rest: days(30), owned: [{ name: 'kept.example' }] };
  const { create, remove } = await given(t, policy, { pool });
  await assertMade(create(first, 'held.example'));
  await assertMade(create(first, 'x.below.example'));
  await assertMade(remove(first, await assertMade(create(first, 'rests.example'))));
  const told = new Set<string>();
  for (const name of ['held.example', 'x.held.example', 'below.example', 'rests.example', 'kept.example']) {
    seen.length = 0;
    const answer = await create(other, name);
    assertNotFree(answer, name);
    told.add(JSON.stringify([answer.message.replace(name, 'NAME'), seen.map(({ text }) => text)]));
  }
  assert.equal(told.size, 1, [...told].join('\n'));
  const { message } = await create(first, 'held.example');
  assert.equal(message, 'the zone held.example already exists', 'one’s own is told');
});

it('of two zones of two accounts, one above the other, that are made at once one is refused', async (t) => {
  const { create } = await given(t);
  const pairs = Array.from({ length: 60 }, (_, i) => [`shop-${i}.example`, `a.b.shop-${i}.example`] as const);
  const both = await Promise.all(
    pairs.map(([above, below], i) => {
      const asks = [create(first, above), create(other, below)];
      return Promise.all(i % 2 ? asks : asks.toReversed());
    }),
  );
  const made = both.map((answers) => answers.filter(({ status }) => status === 200).length);
  assert.deepEqual(new Set(made), new Set([1]));
  for (const { status, code } of both.flat()) assert(status === 200 || code === 1061, `${status} ${code}`);
});

it('a wildcard that covers a zone of its own is refused in the zone above', async (t) => {
  const { create, order } = await given(t);
  const { result } = await assertMade(create(first, 'shop.example'));
  await assertMade(create(first, 'own.shop.example'));
  await assertMade(create(first, 'c.deep.shop.example'));
  const refused = await order(first, result.id, ['shop.example', '*.shop.example']);
  assert.deepEqual([refused.status, refused.code, refused.pointer], [400, 1407, '/hosts/1']);
  assert.match(refused.message, /^\*\.shop\.example covers own\.shop\.example, which is a zone of its own/);
  const inside = await order(first, result.id, ['www.own.shop.example']);
  assert.match(
    inside.message,
    /^www\.own\.shop\.example belongs to the zone own\.shop\.example; order it there/,
  );
  assert.equal((await order(first, result.id, ['*.deep.shop.example'])).code, 1407);
  await assertMade(order(first, result.id, ['shop.example', 'www.shop.example', '*.x.shop.example']));
});
