/** What is made of alerts by a request that comes twice with the same Idempotency-Key. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { days } from '../../src/kit/time.ts';
import { purgeAccountRequests } from '../../src/store/account-requests.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { givenOwner } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let owner: TestAccount;
let other: TestAccount;
before(async () => {
  api = await startApi(ends);
  owner = await givenOwner(api, ['shop.test']);
  other = await givenOwner(api, ['other.test']);
});
after(() => ends.disposeAsync());

type Result = { id: string; signing_key?: string } | { id: string }[];

/** A request of an account; status, and what came of it. */
async function ask(
  method: string,
  path: string,
  body?: object,
  { key, account = owner }: { readonly key?: string; readonly account?: TestAccount } = {},
) {
  const answer = await fetch(`${api.url}/accounts/${account.id}/alerting/v3${path}`, {
    method,
    headers: {
      authorization: `Bearer ${account.token}`,
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    body: body ? JSON.stringify(body) : null,
    signal: AbortSignal.timeout(30_000),
  });
  const { result, errors }: { result: Result; errors: { code: number }[] } = JSON.parse(await answer.text());
  return { status: answer.status, result, code: errors[0]?.code };
}

async function countOf(path: string): Promise<number> {
  const { result } = await ask('GET', path);
  return Array.isArray(result) ? result.length : Number.NaN;
}

const HOOK = { name: 'hook', url: 'https://alerts.example.com/in', secret: 'short' };
const POLICY = { name: 'p', alert_type: 'universal_ssl_event_type', enabled: true, mechanisms: {} };
const SERVICE = { name: 'on call', integration_key: 'k'.repeat(32) };

/** What can be made, with a body that differs. */
const CASES: readonly (readonly [path: string, body: object, another: object])[] = [
  ['/destinations/webhooks', HOOK, { ...HOOK, secret: 'other' }],
  ['/destinations/pagerduty', SERVICE, { ...SERVICE, name: 'other' }],
  ['/policies', POLICY, { ...POLICY, name: 'other' }],
];
for (const [path, body, another] of CASES)
  it(`${path}: the same key and body make one, and answer the same; another body is refused; at once too`, async () => {
    const [key, had] = [randomUUID(), await countOf(path)];
    const first = await ask('POST', path, body, { key });
    assert.equal(first.status, 200);
    const reordered = Object.fromEntries(Object.entries(body).toReversed());
    assert.deepEqual(await ask('POST', path, reordered, { key }), first);
    assert.equal(await countOf(path), had + 1);
    const refused = await ask('POST', path, another, { key });
    assert.equal(refused.status, 422);
    const [atOnce, elsewhere] = [randomUUID(), randomUUID()];
    const all = await Promise.all([1, 2, 3].map(() => ask('POST', path, body, { key: atOnce })));
    assert.deepEqual(all.slice(1), [all[0], all[0]]);
    assert.equal(await countOf(path), had + 2);
    const [mine, theirs] = [
      await ask('POST', path, body, { key: elsewhere }),
      await ask('POST', path, body, { key: elsewhere, account: other }),
    ];
    assert.deepEqual([mine.status, theirs.status], [200, 200]);
    assert.notDeepEqual(mine.result, theirs.result, 'a key is one account’s');
    await ask('POST', path, body);
    assert.equal(await countOf(path), had + 4, 'without a key each request makes one');
  });

it('silences are made once, and a key is for one kind of thing', async () => {
  const made = await ask('POST', '/policies', POLICY);
  assert(!Array.isArray(made.result));
  const silence = { policy_id: made.result.id, start_time: '2026-01-01', end_time: '2026-01-02' };
  const key = randomUUID();
  const first = await ask('POST', '/silences', [silence, silence], { key });
  assert.equal(first.status, 200);
  assert.deepEqual(await ask('POST', '/silences', [silence, silence], { key }), first);
  assert.equal(await countOf('/silences'), 2);
  assert.equal((await ask('POST', '/policies', POLICY, { key })).status, 200);
});

it('what was taken away is made again, and a key is forgotten after a day; keys and bodies are not kept', async () => {
  const key = randomUUID();
  const first = await ask('POST', '/policies', POLICY, { key });
  assert(!Array.isArray(first.result));
  await ask('DELETE', `/policies/${first.result.id}`);
  const second = await ask('POST', '/policies', { ...POLICY, name: 'another' }, { key });
  assert.deepEqual([second.status, second.code], [200, undefined]);
  assert.notDeepEqual(second.result, first.result);
  const { pool, clock } = api.jobs;
  const { rows } = await pool.query<{ text: string }>(
    'select account_requests::text as text from account_requests',
  );
  const kept = rows.map(({ text }) => text).join('\n');
  for (const secret of [key, Buffer.from(key).toString('hex'), 'short', Buffer.from('short').toString('hex')])
    assert(!kept.includes(secret));
  await purgeAccountRequests(pool, new Date(clock.now().getTime() + 1_000 * days(1)));
  const third = await ask('POST', '/policies', { ...POLICY, name: 'third' }, { key });
  assert.equal(third.status, 200);
});

it('a key of no use is refused with its name', async () => {
  const answer = await ask('POST', '/policies', POLICY, { key: 'x'.repeat(256) });
  assert.deepEqual([answer.status, answer.code], [400, 1400]);
});
