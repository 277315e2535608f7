/** Whatever comes to the routes of tokens, by either path: the answer is JSON and no failure of ours, and makes nobody more. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { allow, givenOwner, made, resources } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
/** A token that may make tokens, and nothing else but read packs. */
let maker: string;
before(async () => {
  api = await startApi(ends);
  account = await givenOwner(api, ['hostile.test']);
  const policies = [
    allow(['SSL and Certificates Read'], resources({ zones: ['*'] })),
    allow(['API Tokens Write'], resources({ account: account.id })),
  ];
  ({ value: maker } = await made(api.url, account.token, { policies }));
});
after(() => ends.disposeAsync());

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '*',
    '0'.repeat(32),
    'F'.repeat(32),
    '__proto__',
    '2027-01-01T00:00:00Z',
    '9'.repeat(400),
  ),
);
const policy = fc.record(
  {
    effect: fc.constantFrom('allow', 'deny', 1),
    resources: fc.dictionary(
      fc.oneof(
        text,
        text.map((one) => `com.cloudflare.api.account.zone.${one}`),
      ),
      fc.oneof(fc.constant('*'), fc.jsonValue({ maxDepth: 2 })),
    ),
    permission_groups: fc.array(
      fc.record({
        id: fc.oneof(
          text,
          fc.constantFrom('c8fed203ed3043cba015a93ad1616f1f', '686d18d5ac6c441c867cbf6771e58a0a'),
        ),
      }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((one) => JSON.stringify(one)),
  text,
  fc
    .record(
      {
        name: fc.oneof(text, fc.jsonValue({ maxDepth: 1 })),
        policies: fc.oneof(fc.array(policy, { maxLength: 3 }), fc.jsonValue({ maxDepth: 2 })),
        condition: fc.oneof(
          fc.record({ request_ip: fc.record({ in: fc.array(text, { maxLength: 3 }) }) }),
          fc.jsonValue({ maxDepth: 2 }),
        ),
        expires_on: fc.oneof(text, fc.jsonValue({ maxDepth: 1 })),
        not_before: text,
        status: fc.oneof(fc.constantFrom('active', 'disabled', 'expired'), text),
      },
      { requiredKeys: [] },
    )
    .map((one) => JSON.stringify(one)),
);
const queries = fc.array(
  fc.tuple(
    fc.constantFrom('page', 'per_page', 'direction', 'include_expired', 'name', 'scope', 'x'),
    fc.oneof(text, fc.constantFrom('1', 'true', 'asc')),
  ),
  { maxLength: 3 },
);
const ids = fc.constantFrom(
  'verify',
  'permission_groups',
  '0'.repeat(32),
  '%00',
  '%ff',
  '..',
  "'",
  'a'.repeat(300),
);
const routes = fc.oneof(
  fc.constantFrom(['GET', ''], ['POST', '']),
  fc.tuple(
    fc.constantFrom('GET', 'PUT', 'DELETE', 'PATCH'),
    ids.map((id) => `/${id}`),
  ),
  fc.tuple(
    fc.constantFrom('PUT', 'GET'),
    ids.map((id) => `/${id}/value`),
  ),
);

const queryOf = (all: readonly (readonly [string, string])[]): string =>
  all.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&');

for (const [what, path] of [
  ['/user/tokens', () => '/user/tokens'],
  ['/accounts/{account_id}/tokens', () => `/accounts/${account.id}/tokens`],
] as const)
  it(`${what} answers 600 requests of all kinds`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const asked = fc.sample(fc.tuple(routes, body, queries), { numRuns: 600, seed });
    for (const [[method = 'GET', of = ''], sent, query] of asked) {
      const answer = await fetch(`${api.url}${path()}${of}?${queryOf(query)}`, {
        method,
        headers: { authorization: `Bearer ${maker}`, 'content-type': 'application/json' },
        ...(method !== 'GET' && { body: sent }),
        signal: AbortSignal.timeout(20_000),
      });
      const told: { success: boolean } = JSON.parse(await answer.text());
      assert(answer.status < 500, `${answer.status} ${method} ${of} ${sent} seed ${seed}`);
      assert.equal(told.success, answer.status === 200);
    }
    const { rows } = await api.jobs.pool.query<{ policies: string }>(
      'select policies::text from tokens where made_by is not null and account_id = $1',
      [account.id],
    );
    for (const { policies } of rows) assert.doesNotMatch(policies, /Write"(?<!API Tokens Write")/);
  });
