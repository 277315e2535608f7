/** Where alerts are sent to: webhooks, services of PagerDuty, and what is eligible, on the wire of Cloudflare's own client. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type Cloudflare from 'cloudflare';
import { pagerdutyPurpose, webhookSecretPurpose, webhookSigningPurpose } from '../../src/key/purpose.ts';
import { getPagerdutyKey } from '../../src/store/alert-pagerduty.ts';
import { getSealedWebhook } from '../../src/store/alert-webhooks.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { givenOwner, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let owner: TestAccount;
let client: Cloudflare;
let account: { readonly account_id: string };
before(async () => {
  api = await startApi(ends);
  owner = await givenOwner(api, ['shop.test']);
  client = newClient({ baseURL: api.url, apiToken: owner.token });
  account = { account_id: owner.id };
});
after(() => ends.disposeAsync());

const at = (path: string): string => `/accounts/${owner.id}/alerting/v3/destinations${path}`;
const ask = async (method: string, path: string, body?: object) => {
  const answer = await fetch(api.url + at(path), {
    method,
    headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
    body: body ? JSON.stringify(body) : null,
    signal: AbortSignal.timeout(30_000),
  });
  return { status: answer.status, text: await answer.text() };
};

/** What is sealed of a webhook, opened. */
async function secretsOf(id: string): Promise<{ secret: string | undefined; key: string }> {
  const { pool, seal } = api.jobs;
  const found = (await getSealedWebhook(pool, { accountId: owner.id, id })) ?? assert.fail();
  const { secret, signingKey } = found;
  return {
    secret: secret && seal.open(secret, webhookSecretPurpose(owner.id, id)).toString(),
    key: seal.open(signingKey, webhookSigningPurpose(owner.id, id)).toString(),
  };
}

const HOOK = { name: 'hook', url: 'https://alerts.example.com/in' };

it('a webhook is made, read, listed, changed and taken away; its secret and key never come back', async () => {
  const { webhooks } = client.alerting.destinations;
  const made = await ask('POST', '/webhooks', { ...HOOK, secret: 'the secret' });
  assert.equal(made.status, 200, made.text);
  const { id, signing_key: key }: { id: string; signing_key: string } = JSON.parse(made.text).result;
  assert.deepEqual(await secretsOf(id), { secret: 'the secret', key });
  const read = await webhooks.get(id, account);
  assert.deepEqual([read.id, read.name, read.url, read.type], [id, HOOK.name, HOOK.url, 'generic']);
  await webhooks.update(id, { ...account, ...HOOK, name: 'other' });
  assert.deepEqual(await secretsOf(id), { secret: 'the secret', key }, 'what is not given stays');
  await webhooks.update(id, { ...account, ...HOOK, secret: '' });
  assert.equal((await secretsOf(id)).secret, undefined, 'an empty secret is none');
  const rolled = await ask('PUT', `/webhooks/${id}/signing_key`);
  const again: string = JSON.parse(rolled.text).result.signing_key;
  assert.notEqual(again, key);
  assert.equal((await secretsOf(id)).key, again);
  const told = await Promise.all([ask('GET', '/webhooks'), ask('GET', `/webhooks/${id}`)]);
  for (const { text } of told) assert.doesNotMatch(text, new RegExp(`the secret|${key}|${again}`));
  assert.equal((await webhooks.list(account)).result.length, 1);
  await webhooks.delete(id, account);
  assert.deepEqual((await webhooks.list(account)).result, []);
  assert.equal((await ask('GET', `/webhooks/${id}`)).status, 404);
});

for (const [url, type] of [
  ['https://hooks.slack.com/services/T/B/x', 'slack'],
  ['https://discord.com/api/webhooks/1/x', 'discord'],
  ['https://chat.googleapis.com/v1/spaces/x/messages', 'gchat'],
  ['https://open.feishu.cn/open-apis/bot/v2/hook/x', 'feishu'],
  ['https://api.eu.opsgenie.com/v2/alerts', 'opsgenie'],
  ['https://http-inputs-x.splunkcloud.com/services/collector', 'splunk'],
  ['https://api.datadoghq.eu/api/v1/events', 'datadog'],
  ['https://x.webhook.office.com/webhookb2/x', 'msteams'],
  ['https://events.pagerduty.com/v2/enqueue', 'pagerduty'],
  ['https://notdiscord.com/api', 'generic'],
] as const)
  it(`a webhook at ${new URL(url).hostname} is of type ${type}`, async () => {
    const { webhooks } = client.alerting.destinations;
    const { id = '' } = await webhooks.create({ ...account, name: type, url });
    assert.equal((await webhooks.get(id, account)).type, type);
    await webhooks.delete(id, account);
  });

it('a URL is kept as it was written', async () => {
  const { webhooks } = client.alerting.destinations;
  const { id = '' } = await webhooks.create({ ...account, name: 'bare', url: 'https://Example.com' });
  assert.equal((await webhooks.get(id, account)).url, 'https://Example.com');
});

it('a webhook is sent a test when it is made, and when its URL changes, with no policy behind it', async () => {
  const { webhooks } = client.alerting.destinations;
  const { id = '' } = await webhooks.create({ ...account, ...HOOK, name: 'tested' });
  await webhooks.update(id, { ...account, ...HOOK, name: 'renamed' });
  await webhooks.update(id, { ...account, ...HOOK, name: 'moved', url: 'https://alerts.example.net/' });
  const answer = await api.get(`/accounts/${owner.id}/alerting/v3/deliveries?per_page=1000`, owner.token);
  const { result }: { result: Record<string, unknown>[] } = JSON.parse(await answer.text());
  assert.deepEqual(
    result
      .filter(({ mechanism }) => mechanism === id)
      .map((one) => [one['status'], one['event_type'], one['policy_id'], one['title']]),
    [
      ['queued', 'webhook.test', '', 'Test of the webhook moved'],
      ['queued', 'webhook.test', '', 'Test of the webhook tested'],
    ],
  );
});

it('a type that is given stands until the URL changes', async () => {
  const { webhooks } = client.alerting.destinations;
  const made = await ask('POST', '/webhooks', { ...HOOK, type: 'alertmanager' });
  const { id }: { id: string } = JSON.parse(made.text).result;
  const typeOf = async () => JSON.parse((await ask('GET', `/webhooks/${id}`)).text).result.type;
  await webhooks.update(id, { ...account, ...HOOK, name: 'same place' });
  assert.equal(await typeOf(), 'alertmanager');
  await webhooks.update(id, { ...account, ...HOOK, url: 'https://discord.com/api/webhooks/1/x' });
  assert.equal(await typeOf(), 'discord');
});

for (const [url, why] of [
  ['nonsense', /must be one/],
  ['ftp://example.com/', /must begin with https/],
  ['javascript:alert(1)', /must begin with https/],
  ['https://user:pass@example.com/', /a user or a password/],
  ['https://example.com/#x', /fragment/],
  ['https://example.com:22/', /port 22/],
  ['https://example.com:25/', /port 25/],
  ['https://127.0.0.1/', /not public/],
  ['https://0x7f000001/', /not public/],
  ['https://2130706433/', /not public/],
  ['https://[::1]/', /not public/],
  ['https://[::ffff:10.0.0.1]/', /not public/],
  ['https://10.1.2.3/', /not public/],
  ['https://169.254.169.254/latest/meta-data/', /not public/],
  ['https://LOCALHOST/', /not public/],
  ['https://x.localhost./', /not public/],
  ['https://exam ple.com/', /must be one/],
  ['https://example.com/\0', /must be one/],
  [`https://example.com/${'x'.repeat(3_000)}`, /at most/],
] as const)
  it(`a webhook is refused, when it is made and when it is changed: ${JSON.stringify(url.slice(0, 60))}`, async () => {
    const body = { name: 'hook', url };
    const made = await send(api.url, ['POST', at('/webhooks')], owner.token, { body });
    assert.deepEqual([made.status, made.code, made.pointer], [400, 1462, '/url'], made.message);
    assert.match(made.message, why);
    const { id = '' } = await client.alerting.destinations.webhooks.create({ ...account, ...HOOK });
    const changed = await send(api.url, ['PUT', at(`/webhooks/${id}`)], owner.token, { body });
    assert.deepEqual([changed.status, changed.code], [400, 1462]);
    await client.alerting.destinations.webhooks.delete(id, account);
  });

it('a refusal says nothing of a URL, which may be a secret', async () => {
  const body = { name: 'hook', url: 'https://hooks.slack.com:22/services/verysecret' };
  assert.doesNotMatch((await ask('POST', '/webhooks', body)).text, /verysecret/);
});

for (const secret of ['two\r\nlines', ' at its end ', 'ümlaut', '\0'])
  it(`a secret that cannot stand in a header is refused: ${JSON.stringify(secret)}`, async () => {
    const body = { ...HOOK, secret };
    const answer = await send(api.url, ['POST', at('/webhooks')], owner.token, { body });
    assert.deepEqual([answer.status, answer.pointer], [400, '/secret']);
    assert.equal(answer.message.includes(secret), false);
  });

it('a webhook that goes is taken out of the policies that name it', async () => {
  const [gone, stays] = await Promise.all(
    ['gone', 'stays'].map((name) =>
      client.alerting.destinations.webhooks.create({ ...account, ...HOOK, name }),
    ),
  );
  const { id = '' } = await client.alerting.policies.create({
    ...account,
    name: 'both',
    alert_type: 'universal_ssl_event_type',
    enabled: true,
    mechanisms: { webhooks: [{ id: gone?.id ?? '' }, { id: stays?.id ?? '' }] },
  });
  await client.alerting.destinations.webhooks.delete(gone?.id ?? '', account);
  const { mechanisms } = await client.alerting.policies.get(id, account);
  assert.deepEqual(mechanisms, { webhooks: [{ id: stays?.id }] });
});

it('services of PagerDuty are added by their key, listed without it, and taken away', async () => {
  const { pagerduty } = client.alerting.destinations;
  const key = 'R0123456789abcdefghijklmnopqrstu';
  const made = await ask('POST', '/pagerduty', { name: 'on call', integration_key: key });
  assert.equal(made.status, 200, made.text);
  const { id }: { id: string } = JSON.parse(made.text).result;
  await ask('POST', '/pagerduty', { name: 'second', integration_key: key });
  const sealed = (await getPagerdutyKey(api.jobs.pool, { accountId: owner.id, id })) ?? assert.fail();
  assert.equal(api.jobs.seal.open(sealed, pagerdutyPurpose(owner.id, id)).toString(), key);
  const listed = (await pagerduty.get(account)).result;
  assert.deepEqual(listed[0], { id, name: 'on call' });
  assert.equal((await ask('DELETE', `/pagerduty/${id}`)).status, 200);
  assert.equal((await pagerduty.get(account)).result.length, 1);
  await pagerduty.delete(account);
  assert.deepEqual((await pagerduty.get(account)).result, []);
});

it('PagerDuty is not signed in at, and whoever wants to is told what to do instead', async () => {
  const asked = await ask('POST', '/pagerduty/connect');
  const linked = await ask('GET', '/pagerduty/connect/8c71e667571b4f61b94d9e4b12158038');
  for (const { status, text } of [asked, linked]) {
    assert.equal(status, 400);
    assert.match(text, /integration_key/);
  }
  const bad = await ask('POST', '/pagerduty', { name: 'x', integration_key: 'short' });
  assert.equal(bad.status, 400);
});

it('what is eligible says whether mail is set up', async () => {
  const eligible = await client.alerting.destinations.eligible.get(account);
  assert.deepEqual(eligible, {
    email: [{ eligible: false, ready: false, type: 'email' }],
    pagerduty: [{ eligible: true, ready: true, type: 'pagerduty' }],
    webhooks: [{ eligible: true, ready: true, type: 'webhook' }],
  });
});
