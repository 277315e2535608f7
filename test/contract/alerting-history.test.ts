/** What was told by alerts, what could not be, and when nobody is told, on the wire of Cloudflare's own client. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type Cloudflare from 'cloudflare';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { givenDelivery } from '../support/deliveries.ts';
import { givenOwner, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let owner: TestAccount;
let other: TestAccount;
let client: Cloudflare;
let account: { readonly account_id: string };
let hook: { readonly accountId: string; readonly id: string };
let policyId: string;
before(async () => {
  api = await startApi(ends);
  owner = await givenOwner(api, []);
  other = await givenOwner(api, []);
  client = newClient({ baseURL: api.url, apiToken: owner.token });
  account = { account_id: owner.id };
  const made = await client.alerting.destinations.webhooks.create({
    ...account,
    name: 'hook',
    url: 'https://alerts.example.com/in',
  });
  hook = { accountId: owner.id, id: made.id ?? '' };
  const policy = await client.alerting.policies.create({
    ...account,
    name: 'all',
    alert_type: 'universal_ssl_event_type',
    enabled: true,
    mechanisms: { webhooks: [{ id: hook.id }] },
  });
  policyId = policy.id ?? '';
});
after(() => ends.disposeAsync());

/** Behind what the service numbers. */
const FIRST = 100;
const at = (path: string): string => `/accounts/${owner.id}/alerting/v3${path}`;
const day = (n: number): Date => new Date(Date.UTC(2026, 0, n));
const read = async (path: string) => {
  const answer = await api.get(at(path), owner.token);
  return { status: answer.status, ...JSON.parse(await answer.text()) };
};

it('history tells of what was sent, the last first, by pages and between instants', async () => {
  for (let n = 1; n <= 5; n++)
    await givenDelivery(api.jobs, hook, { number: FIRST + n, status: 'sent', endedOn: day(n) });
  await givenDelivery(api.jobs, hook, { number: FIRST + 6, status: 'dead', endedOn: day(6) });
  const told: string[] = [];
  for await (const one of client.alerting.history.list({ ...account, per_page: 2 })) {
    told.push(one.alert_body ?? '');
    assert.deepEqual(
      [one.mechanism, one.mechanism_type, one.name, one.alert_type],
      [hook.id, 'webhook', 'policy', 'universal_ssl_event_type'],
    );
  }
  assert.deepEqual(
    told,
    [5, 4, 3, 2, 1].map((n) => `text ${FIRST + n}`),
  );
  const between = await client.alerting.history.list({
    ...account,
    since: '2026-01-02T00:00:00Z',
    before: '2026-01-04T00:00:00Z',
  });
  assert.deepEqual(
    between.result.map(({ sent }) => sent),
    ['2026-01-03T00:00:00.000000Z', '2026-01-02T00:00:00.000000Z'],
  );
  assert.equal((await read('/history?page=101&per_page=100')).status, 400);
  assert.equal((await read('/history?since=yesterday')).status, 400);
});

it('what could not be delivered is listed, and tried again when its owner says so', async () => {
  const dead = await read('/deliveries?status=dead');
  assert.equal(dead.result.length, 1);
  const [one] = dead.result;
  assert.deepEqual(
    [one.title, one.problem, one.attempts, one.mechanism, one.event_type],
    [`title ${FIRST + 6}`, 'it does not answer', 3, hook.id, 'validation.failed'],
  );
  const path = at(`/deliveries/${one.id}/redeliver`);
  const theirs = await send(api.url, ['POST', path.replace(owner.id, other.id)], other.token);
  assert.deepEqual([theirs.status, theirs.code], [404, 1460]);
  const again = await send(api.url, ['POST', path], owner.token);
  assert.deepEqual([again.status, again.result.status], [200, 'queued']);
  const queued = await read(`/deliveries/${one.id}`);
  assert.equal(queued.result.attempts, 0);
  assert(new Date(queued.result.next_attempt_on) <= api.jobs.clock.now());
  const twice = await send(api.url, ['POST', path], owner.token);
  assert.deepEqual([twice.status, twice.code], [409, 1464]);
});

it('what has nowhere to go any more is not tried again', async () => {
  const gone = { accountId: owner.id, id: 'f'.repeat(32) };
  const { id } = await givenDelivery(api.jobs, gone, { number: FIRST + 7, status: 'dead' });
  const answer = await send(api.url, ['POST', at(`/deliveries/${id}/redeliver`)], owner.token);
  assert.deepEqual([answer.status, answer.code], [400, 1463]);
});

it('deliveries are walked by cursor, which is good for their list alone', async () => {
  const titles: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(`/deliveries?per_page=3${cursor ? `&cursor=${cursor}` : ''}`);
    for (const { title } of page.result) titles.push(title);
    cursor = page.result_info.cursor;
    if (cursor) assert.equal((await read(`/deliveries?status=sent&cursor=${cursor}`)).status, 400);
  } while (cursor);
  assert.deepEqual(titles, [
    ...[7, 6, 5, 4, 3, 2, 1].map((n) => `title ${FIRST + n}`),
    'Test of the webhook hook',
  ]);
});

it('silences are made, listed, read, moved and ended', async () => {
  const [start_time, end_time] = ['2026-02-01T00:00:00Z', '2026-02-02T00:00:00Z'];
  await client.alerting.silences.create({
    ...account,
    body: [
      { policy_id: policyId, start_time, end_time },
      { policy_id: policyId, start_time: end_time, end_time: '2026-02-03T00:00:00+01:00' },
    ],
  });
  const listed = (await client.alerting.silences.list(account)).result;
  assert.deepEqual(
    listed.map((one) => [one.policy_id, one.start_time, one.end_time]),
    [
      [policyId, '2026-02-01T00:00:00.000000Z', '2026-02-02T00:00:00.000000Z'],
      [policyId, '2026-02-02T00:00:00.000000Z', '2026-02-02T23:00:00.000000Z'],
    ],
  );
  const id = listed[0]?.id ?? '';
  const moved = await client.alerting.silences.update({
    ...account,
    body: [{ id, end_time: '2026-02-01T12:00:00Z' }],
  });
  assert.equal(moved.result[0]?.end_time, '2026-02-01T12:00:00.000000Z');
  assert.equal((await client.alerting.silences.get(id, account)).start_time, '2026-02-01T00:00:00.000000Z');
  await client.alerting.silences.delete(id, account);
  assert.equal((await client.alerting.silences.list(account)).result.length, 1);
});

for (const [why, body, code, pointer] of [
  ['without anything', [{}], 1400, '/0/policy_id'],
  ['none at all', [], 1400, ''],
  ['of no policy', [{ policy_id: 'f'.repeat(32) }], 1463, '/0/policy_id'],
  ['that ends before it starts', [{ end_time: '2020-01-01T00:00:00Z' }], 1400, '/0/end_time'],
  ['at no instant', [{ start_time: 'now' }], 1400, '/0/start_time'],
] as const)
  it(`a silence is refused, and none of those beside it is made: ${why}`, async () => {
    const whole = {
      policy_id: policyId,
      start_time: '2026-03-01T00:00:00Z',
      end_time: '2026-03-02T00:00:00Z',
    };
    const filled = body.map((one) => (Object.keys(one).length > 0 ? { ...whole, ...one } : one));
    const count = (await read('/silences')).result.length;
    const refused = await send(api.url, ['POST', at('/silences')], owner.token, { body: filled });
    assert.deepEqual([refused.status, refused.code, refused.pointer], [400, code, pointer], refused.message);
    assert.equal((await read('/silences')).result.length, count);
  });

it('silences go with their policy', async () => {
  await client.alerting.policies.delete(policyId, account);
  assert.deepEqual((await client.alerting.silences.list(account)).result, []);
});
