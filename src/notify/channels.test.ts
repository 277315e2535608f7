/** Each channel gets what it takes, and texts of strangers stay texts. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { BODY, SENDING, SIGNING_KEY } from '../../test/support/alerting.ts';
import { startReceiver } from '../../test/support/receiver.ts';
import type { AlertBody } from '../pack/alert-body.ts';
import { WEBHOOK_KINDS, type WebhookKind } from '../pack/webhook.ts';
import { channelOf } from './channels.ts';
import type { Message } from './notify.ts';
import { newSend } from './send.ts';
import { signatureHeaders } from './signature.ts';

const NOW = new Date('2026-11-29T12:00:05.600Z');
const MESSAGE: Message = {
  id: 'a'.repeat(32),
  accountId: 'b'.repeat(32),
  policyId: 'd'.repeat(32),
  policyName: 'certificates',
  alertType: 'dedicated_ssl_certificate_event_type',
  body: BODY,
  madeOn: NOW,
};

const HOSTILE =
  '<script>alert(1)</script> *bold* [link](https://evil.test) <!channel> @everyone \u202Egnp.exe\u0007 %%%';
const hostile: AlertBody = {
  ...BODY,
  title: HOSTILE,
  text: `${HOSTILE}\n${HOSTILE}`,
  data: { ...BODY.data, hostnames: HOSTILE },
};

const shaped = (kind: WebhookKind, body: AlertBody = BODY) =>
  channelOf(kind).shape(
    { ...MESSAGE, body },
    { url: 'https://hook.test/v2/alerts', secret: 'known', now: NOW },
  );

test('what Cloudflare sends is sent to generic webhooks', () => {
  assert.deepEqual(shaped('generic').json, {
    account_id: 'b'.repeat(32),
    alert_correlation_id: 'c'.repeat(32),
    alert_event: 'ALERT_STATE_EVENT_START',
    alert_type: 'dedicated_ssl_certificate_event_type',
    data: BODY.data,
    name: 'certificates',
    policy_id: 'd'.repeat(32),
    policy_name: 'certificates',
    text: `${BODY.title}\n${BODY.text}`,
    ts: 1_795_953_605,
  });
});

for (const kind of WEBHOOK_KINDS)
  test(`${kind} is given JSON, with the words, the link and the time where it has a place for them`, () => {
    const text = JSON.stringify(shaped(kind));
    assert.match(text, /shop\\*\.example\\*\.test/);
    assert.match(text, /mend the edge/);
    if (!['generic', 'splunk', 'datadog'].includes(kind))
      assert.ok(text.includes(BODY.link ?? ''), 'the link');
  });

test('a text of a stranger is no markup, mentions nobody, and turns nothing around', () => {
  const slack = JSON.stringify(shaped('slack', hostile).json);
  assert.ok(!/"type":"mrkdwn","text":"[^"]*script/.test(slack));
  assert.ok(slack.includes('"text":"&lt;script&gt;'), 'the line of notifications is escaped');
  const discord = JSON.stringify(shaped('discord', hostile).json);
  assert.ok(discord.includes('"allowed_mentions":{"parse":[]}'));
  assert.ok(discord.includes(String.raw`\\[link\\]\\(https\\:`));
  const gchat = JSON.stringify(shaped('gchat', hostile).json);
  assert.match(gchat, /"textParagraph":\{"text":"&lt;script&gt;/);
  const teams = JSON.stringify(shaped('msteams', hostile).json);
  assert.ok(!teams.includes('"type":"TextBlock"'), 'a text block would have markup');
  assert.ok(!JSON.stringify(shaped('datadog', hostile).json).includes('%%%'));
  for (const kind of WEBHOOK_KINDS.filter((one) => !['generic', 'splunk'].includes(one))) {
    const text = JSON.stringify(shaped(kind, { ...hostile, data: {} }).json);
    assert.ok(
      !text.includes('\u202E') && !text.includes(String.raw`\u0007`),
      `${kind} has no character that steers`,
    );
  }
});

test('what is wrong and its end go under one name where incidents are kept', () => {
  const end = { ...BODY, state: 'end' } as const;
  assert.deepEqual(
    [shaped('pagerduty'), shaped('pagerduty', end)].map(({ json }) => {
      const { dedup_key: key, event_action: action, routing_key: routing } = Object(json);
      return [routing, action, key];
    }),
    [
      ['known', 'trigger', 'c'.repeat(32)],
      ['known', 'resolve', 'c'.repeat(32)],
    ],
  );
  const [begun, over] = [shaped('alertmanager'), shaped('alertmanager', end)].map(
    ({ json }) => Object(json)[0],
  );
  assert.deepEqual(begun.labels, over.labels);
  assert.equal(over.endsAt, NOW.toISOString());
  assert.ok(Date.parse(begun.endsAt) > NOW.getTime() + 86_400_000);
  assert.equal(
    shaped('opsgenie', end).url,
    `https://hook.test/v2/alerts/${'c'.repeat(32)}/close?identifierType=alias`,
  );
});

test('a request shows the secret and a signature that its receiver can check', async () => {
  await using receiver = await startReceiver();
  const send = newSend({ ...SENDING });
  const to = {
    mechanism: 'webhooks',
    kind: 'generic',
    url: `${receiver.url}/x`,
    secret: 'known to both',
    signingKey: SIGNING_KEY,
  } as const;
  assert.deepEqual(await send(MESSAGE, to, { now: NOW, signal: new AbortController().signal }), {
    kind: 'sent',
  });
  const [one] = receiver.received;
  assert(one);
  assert.equal(one.headers['cf-webhook-auth'], 'known to both');
  assert.equal(one.headers['content-type'], 'application/json');
  assert.equal(one.headers['webhook-id'], MESSAGE.id);
  const signed = `${MESSAGE.id}.${Math.floor(NOW.getTime() / 1_000)}.${one.body}`;
  assert.equal(one.headers['webhook-timestamp'], '1795953605');
  const mac = createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64');
  assert.equal(one.headers['webhook-signature'], `v1,${mac}`);
});

test('a signature is that of the example of Standard Webhooks', () => {
  const { 'webhook-signature': made } = signatureHeaders('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    sentOn: new Date(1_614_265_330_000),
    body: '{"test": 2432232314}',
  });
  assert.equal(made, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('PagerDuty is told at its own address, with the key of the service', async () => {
  await using receiver = await startReceiver();
  receiver.answer(() => 202);
  const send = newSend({ ...SENDING, pagerdutyUrl: `${receiver.url}/v2/enqueue` });
  const to = { mechanism: 'pagerduty', key: 'R0UTING' } as const;
  assert.deepEqual(await send(MESSAGE, to, { now: NOW, signal: new AbortController().signal }), {
    kind: 'sent',
  });
  const [one] = receiver.received;
  const { routing_key: key, payload } = JSON.parse(one?.body ?? '');
  assert.deepEqual(
    [one?.path, key, payload.severity, payload.source],
    ['/v2/enqueue', 'R0UTING', 'error', 'example.test'],
  );
  assert.equal(one?.headers['webhook-signature'], undefined);
});
