/** Alerts are delivered: in order, at least once, to nobody twice at a time, and to nobody for ever. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  deliveriesOf,
  givenDeliveries,
  givenPolicy,
  givenWebhook,
  sendingWith,
} from '../../../test/support/alerting.ts';
import { clear, givenZone, startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { type Received, startReceiver } from '../../../test/support/receiver.ts';
import { days } from '../../kit/time.ts';
import { countDeliveries } from '../../store/new-deliveries.ts';
import { deliverAlerts } from './alert-deliver.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = { ...(await startJobDeps(ends)), alerts: sendingWith() };
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const { signal } = new AbortController();

/** An account with a policy that tells one webhook. */
async function given(url: string) {
  const { accountId } = await givenZone(deps, 'one.test');
  const webhook = await givenWebhook(deps, accountId, { url });
  const policy = await givenPolicy(deps, accountId, { mechanisms: { webhooks: [{ id: webhook }] } });
  const queue = (...subjects: readonly string[]) =>
    givenDeliveries(
      deps,
      accountId,
      policy,
      subjects.map((subject) => ({ destination: webhook, subject })),
    );
  return { accountId, webhook, policy, queue, stored: () => deliveriesOf(deps, accountId) };
}

const idsIn = (received: readonly Received[]) => received.map(({ headers }) => headers['webhook-id']);

test('all of one pack comes in order, however often the first is refused, and others go on meanwhile', async () => {
  await using receiver = await startReceiver();
  const { queue, stored } = await given(receiver.url);
  await queue('a', 'a', 'b', 'a', 'b');
  const [first] = await stored();
  let refusals = 2;
  receiver.answer(({ headers }) => (headers['webhook-id'] === first?.id && refusals-- > 0 ? 500 : 200));
  await deliverAlerts(deps, signal);
  const [a1, a2, b1, a3, b2] = (await stored()).map(({ id }) => id);
  assert.deepEqual(new Set(idsIn(receiver.received)), new Set([a1, b1, b2]));
  assert.equal(receiver.received.length, 3);
  deps.clock.advance(7);
  await deliverAlerts(deps, signal);
  deps.clock.advance(13);
  await deliverAlerts(deps, signal);
  assert.deepEqual(idsIn(receiver.received).slice(3), [a1, a1, a2, a3]);
  assert.ok((await stored()).every(({ status }) => status === 'sent'));
});

test('what is refused for a day is dead, says why, and holds up nobody any longer', async () => {
  await using receiver = await startReceiver();
  const { queue, stored } = await given(receiver.url);
  await queue('a', 'a');
  const [first] = await stored();
  receiver.answer(({ headers }) => (headers['webhook-id'] === first?.id ? 503 : 200));
  for (let hour = 0; hour < 26; hour++) {
    await deliverAlerts(deps, signal);
    deps.clock.advance(4_400);
  }
  const [dead, next] = await stored();
  assert.deepEqual([dead?.status, dead?.problem], ['dead', 'it answered HTTP 503']);
  assert.ok((dead?.attempts ?? 0) >= 15, `${dead?.attempts} attempts`);
  assert.equal(next?.status, 'sent');
  await deps.pool.query(
    "update alert_deliveries set status = 'queued', attempts = 0, due_at = $1 where id = $2",
    [deps.clock.now(), dead?.id],
  );
  await deliverAlerts(deps, signal);
  assert.equal((await stored())[0]?.status, 'queued', 'what is sent again has a day again');
});

test('410 ends it at once; Retry-After is waited for, within bounds', async () => {
  await using receiver = await startReceiver();
  const { queue, stored } = await given(receiver.url);
  await queue('a', 'b', 'c');
  const [gone, soon] = await stored();
  receiver.answer(({ headers }) => {
    if (headers['webhook-id'] === gone?.id) return 410;
    const wish = headers['webhook-id'] === soon?.id ? '120' : '99999999';
    return (response) => void response.writeHead(429, { 'retry-after': wish }).end();
  });
  const now = deps.clock.now();
  await deliverAlerts(deps, signal);
  const later = await stored();
  const waits = later.map(({ due_at: due }) => due && Math.round((due.getTime() - now.getTime()) / 1_000));
  assert.deepEqual([later[0]?.status, waits[0]], ['dead', null]);
  assert.match(later[0]?.problem ?? '', /410/);
  assert.ok((waits[1] ?? 0) >= 120 && (waits[1] ?? 0) < 130, `${waits[1]}`);
  assert.ok((waits[2] ?? 0) >= 3_600 && (waits[2] ?? 0) < 3_610, `${waits[2]}`);
});

test('a channel has eight attempts under way, by however many processes, and one of each pack', async () => {
  await using receiver = await startReceiver();
  const { queue } = await given(receiver.url);
  await queue(...Array.from({ length: 60 }, (_, i) => `pack ${i % 20}`));
  let open = 0;
  let most = 0;
  receiver.answer(() => (response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open -= 1;
      response.writeHead(204).end();
    }, 300);
  });
  await Promise.all([deliverAlerts(deps, signal), deliverAlerts(deps, signal), deliverAlerts(deps, signal)]);
  assert.ok(most > 1 && most <= 8, `${most} at once`);
  assert.equal(receiver.received.length, 60);
  assert.equal(new Set(idsIn(receiver.received)).size, 60, 'each once');
});

test('a receiver that hangs holds up nobody else, and a stop gives back what is under way', async () => {
  await using hanging = await startReceiver();
  hanging.answer(() => () => undefined);
  await using quick = await startReceiver();
  const slow = await given(hanging.url);
  await slow.queue(...Array.from({ length: 40 }, (_, i) => `pack ${i}`));
  const webhook = await givenWebhook(deps, slow.accountId, { url: quick.url });
  const policy = await givenPolicy(deps, slow.accountId, { mechanisms: { webhooks: [{ id: webhook }] } });
  await givenDeliveries(
    deps,
    slow.accountId,
    policy,
    Array.from({ length: 20 }, (_, i) => ({ destination: webhook, subject: `pack ${i}` })),
  );
  const stop = new AbortController();
  const done = deliverAlerts(deps, stop.signal);
  const began = performance.now();
  while (quick.received.length < 20 && performance.now() - began < 8_000)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(performance.now() - began < 5_000, 'while the other hangs');
  stop.abort();
  await done;
  const { rows } = await deps.pool.query('select from alert_deliveries where taken_until is not null');
  assert.equal(rows.length, 0, 'a stop gives back what is under way');
});

test('what was taken by a process that was killed is delivered by another when its term is over', async () => {
  await using receiver = await startReceiver();
  const { queue, stored } = await given(receiver.url);
  await queue('a', 'a');
  await deps.pool.query('update alert_deliveries set taken_until = $1 where number = 1', [
    new Date(deps.clock.now().getTime() + 30_000),
  ]);
  await deliverAlerts(deps, signal);
  assert.equal(receiver.received.length, 0, 'what is behind it waits');
  deps.clock.advance(31);
  await deliverAlerts(deps, signal);
  deps.clock.advance(31);
  await deliverAlerts(deps, signal);
  assert.deepEqual(
    idsIn(receiver.received),
    (await stored()).map(({ id }) => id),
  );
});

test('what has no policy any more, or nowhere to go, is cancelled', async () => {
  await using receiver = await startReceiver();
  const one = await given(receiver.url);
  await one.queue('a');
  await deps.pool.query('update alert_policies set is_enabled = false');
  await deliverAlerts(deps, signal);
  await deps.pool.query('update alert_policies set is_enabled = true');
  await one.queue('a');
  await deps.pool.query('delete from alert_webhooks');
  await deliverAlerts(deps, signal);
  assert.deepEqual(
    (await one.stored()).map(({ status }) => status),
    ['cancelled', 'cancelled'],
  );
  assert.equal(receiver.received.length, 0);
});

test('a receiver that is not there is tried for a day', async () => {
  const { queue, stored } = await given('http://127.0.0.1:1/');
  await queue('a');
  for (let hour = 0; hour < 26; hour++) {
    await deliverAlerts(deps, signal);
    deps.clock.advance(days(1) / 24 + 800);
  }
  const [one] = await stored();
  assert.equal(one?.status, 'dead');
  assert.match(one?.problem ?? '', /127\.0\.0\.1 cannot be reached \(ECONNREFUSED\)/);
});

test('what waits and what is dead is counted', async () => {
  const { queue } = await given('http://127.0.0.1:1/');
  await queue('a', 'b', 'c');
  await deps.pool.query("update alert_deliveries set status = 'dead', due_at = null where number = 1");
  const since = deps.clock.now();
  deps.clock.advance(60);
  const { queued, dead, dueSince } = await countDeliveries(deps.pool, deps.clock.now());
  assert.deepEqual([queued, dead], [2, 1]);
  assert.ok(dueSince && dueSince <= since);
});
