/** What is told by hand is delivered as all else: tests of webhooks, and what was dead. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deliveriesOf, givenDeliveries, givenPolicy, sendingWith } from '../../../test/support/alerting.ts';
import { givenZone, startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { startReceiver } from '../../../test/support/receiver.ts';
import { createAlertWebhook } from '../../operation/create-alert-webhook.ts';
import { redeliverAlert } from '../../operation/redeliver-alert.ts';
import { getAlertWebhook } from '../../store/alert-webhooks.ts';
import { OPERATOR } from '../../store/audit.ts';
import { deliverAlerts } from './alert-deliver.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = { ...(await startJobDeps(ends)), alerts: sendingWith() };
});
after(() => ends.disposeAsync());

const { signal } = new AbortController();

test('a new webhook of an account without any policy is sent a test, with its secret', async () => {
  await using receiver = await startReceiver();
  const { accountId } = await givenZone(deps, 'tested.test');
  const terms = { name: 'hook', url: receiver.url, secret: 'the secret' };
  const webhook = await createAlertWebhook(deps, { accountId, terms }, OPERATOR);
  await deliverAlerts(deps, signal);
  const [received] = receiver.received;
  assert.equal(received?.headers['cf-webhook-auth'], 'the secret');
  const { text, policy_id: policy }: { text: string; policy_id: string } = JSON.parse(received?.body ?? '');
  assert.match(text, /This is a test: nothing happened/);
  assert.equal(policy, '');
  assert(!received?.body.includes(webhook.signingKey));
  assert((await getAlertWebhook(deps.pool, webhook))?.lastSuccessOn);
});

test('what was dead after a day is tried for another day, and comes when its receiver is well again', async () => {
  await using receiver = await startReceiver();
  const { accountId } = await givenZone(deps, 'dead.test');
  const terms = { name: 'hook', url: receiver.url };
  const { id: destination } = await createAlertWebhook(deps, { accountId, terms }, OPERATOR);
  await deliverAlerts(deps, signal);
  const policy = await givenPolicy(deps, accountId, { mechanisms: { webhooks: [{ id: destination }] } });
  await givenDeliveries(deps, accountId, policy, [{ destination }]);
  receiver.answer(() => 503);
  const pass = async (hours: number) => {
    for (let hour = 0; hour < hours; hour++) {
      await deliverAlerts(deps, signal);
      deps.clock.advance(4_400);
    }
  };
  await pass(26);
  const last = async () => (await deliveriesOf(deps, accountId)).at(-1);
  const dead = (await last()) ?? assert.fail();
  assert.equal(dead.status, 'dead');
  await redeliverAlert(deps, { accountId, id: dead.id }, OPERATOR);
  await pass(3);
  assert.equal((await last())?.status, 'queued', 'it is not dead by its old attempts');
  receiver.answer(() => 200);
  await pass(2);
  assert.equal((await last())?.status, 'sent');
});
