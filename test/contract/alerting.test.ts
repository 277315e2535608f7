/** Alerts on the wire of Cloudflare's own client: policies, what they can name, and how they are refused. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type Cloudflare from 'cloudflare';
import { APIError } from 'cloudflare';
import { createToken } from '../../src/store/tokens.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { givenOwner, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let owner: TestAccount;
let other: TestAccount;
let client: Cloudflare;
let account: { readonly account_id: string };
before(async () => {
  api = await startApi(ends);
  owner = await givenOwner(api, ['shop.test', 'blog.test']);
  other = await givenOwner(api, ['other.test']);
  client = newClient({ baseURL: api.url, apiToken: owner.token });
  account = { account_id: owner.id };
});
after(() => ends.disposeAsync());

const at = (path: string): string => `/accounts/${owner.id}/alerting/v3${path}`;
const post = (path: string, body: object) => send(api.url, ['POST', at(path)], owner.token, { body });
const put = (path: string, body: object) => send(api.url, ['PUT', at(path)], owner.token, { body });

const POLICY = {
  name: 'certificates',
  alert_type: 'dedicated_ssl_certificate_event_type' as const,
  enabled: true,
  mechanisms: { email: [{ id: 'ops@shop.test' }] },
};

async function webhook(url = 'https://alerts.example.com/in'): Promise<string> {
  const { id } = await client.alerting.destinations.webhooks.create({ ...account, name: 'hook', url });
  return id ?? assert.fail();
}

it('the types of alerts that can fire here are listed by product, with what narrows them', async () => {
  const available = await client.alerting.availableAlerts.list(account);
  const types = Object.values(available).flat();
  assert.deepEqual(
    types.map(({ type }) => type),
    [
      'dedicated_ssl_certificate_event_type',
      'universal_ssl_event_type',
      'custom_ssl_certificate_event_type',
      'zone_status_event_type',
      'edge_status_event_type',
    ],
  );
  for (const type of types) assert(type.display_name && type.description && type.filter_options?.length);
});

it('a policy is made, read, listed, changed in part and taken away, with the audit log telling of it', async () => {
  const hook = await webhook();
  const filters = { zones: [owner.zones[0]?.id ?? ''], event_type: ['validation.failed'] };
  const made = await client.alerting.policies.create({
    ...account,
    ...POLICY,
    description: 'two\nlines',
    alert_interval: '30m',
    mechanisms: { ...POLICY.mechanisms, webhooks: [{ id: hook }] },
    filters: { ...filters, target_hostname: ['Shop.TEST'] },
  });
  const id = made.id ?? assert.fail();
  const policy = await client.alerting.policies.get(id, account);
  assert.deepEqual(
    { ...policy, created: undefined, modified: undefined },
    {
      id,
      ...POLICY,
      description: 'two\nlines',
      alert_interval: '30m',
      mechanisms: { email: [{ id: 'ops@shop.test' }], webhooks: [{ id: hook }] },
      filters: { ...filters, target_hostname: ['shop.test'] },
      created: undefined,
      modified: undefined,
    },
  );
  await client.alerting.policies.update(id, { ...account, enabled: false, alert_interval: '24h' });
  const changed = await client.alerting.policies.get(id, account);
  assert.deepEqual([changed.enabled, changed.alert_interval, changed.name], [false, '24h', 'certificates']);
  assert.deepEqual(changed.filters, policy.filters);
  const dashed = id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  assert.equal((await client.alerting.policies.get(dashed, account)).id, id);
  const listed = (await client.alerting.policies.list(account)).result;
  assert.deepEqual(
    listed.map((one) => one.id),
    [id],
  );
  await client.alerting.policies.delete(id, account);
  assert.deepEqual((await client.alerting.policies.list(account)).result, []);
  await assert.rejects(client.alerting.policies.get(id, account), isFault(404, 1460));
  const log = await api.get(`/accounts/${owner.id}/logs/audit?resource_id=${id}&direction=asc`, owner.token);
  const { result }: { result: { action: { description: string } }[] } = JSON.parse(await log.text());
  assert.deepEqual(
    result.map(({ action }) => action.description),
    ['create', 'update', 'delete'],
  );
});

const isFault = (status: number, code: number) => (error: unknown) => {
  assert(error instanceof APIError, String(error));
  assert.deepEqual([error.status, error.errors[0]?.code], [status, code], error.message);
  return true;
};

it('a policy that names no channel is made, and says that nobody is told by it', async () => {
  const asked = client.alerting.policies.create({ ...account, ...POLICY, mechanisms: {} });
  const { messages }: { messages: { code: number }[] } = JSON.parse(await (await asked.asResponse()).text());
  assert.deepEqual(
    messages.map(({ code }) => code),
    [2016],
  );
});

const REFUSED: readonly (readonly [why: string, body: object, code: number, pointer: string])[] = [
  ['a type that never fires here', { alert_type: 'health_check_status_notification' }, 1461, '/alert_type'],
  ['a type that is a name of every object', { alert_type: 'constructor' }, 1461, '/alert_type'],
  ['an unknown filter', { filters: { slo: ['99'] } }, 1400, '/filters/slo'],
  ['a filter without values', { filters: { zones: [] } }, 1400, '/filters/zones'],
  ['a zone that is no id', { filters: { zones: ['shop.test'] } }, 1400, '/filters/zones/0'],
  ['a zone that is none', { filters: { zones: ['f'.repeat(32)] } }, 1463, '/filters/zones/0'],
  ['a host that is none', { filters: { target_hostname: ['a b'] } }, 1407, '/filters/target_hostname/0'],
  ['an unknown status', { filters: { new_status: ['broken'] } }, 1400, '/filters/new_status/0'],
  ['an event of zones', { filters: { event_type: ['zone.moved'] } }, 1400, '/filters/event_type/0'],
  [
    'an unknown webhook',
    { mechanisms: { webhooks: [{ id: 'f'.repeat(32) }] } },
    1463,
    '/mechanisms/webhooks/0/id',
  ],
  ['what is no mail address', { mechanisms: { email: [{ id: 'ops' }] } }, 1400, '/mechanisms/email/0/id'],
  [
    'two mail addresses in one',
    { mechanisms: { email: [{ id: 'a@shop.test,b@shop.test' }] } },
    1400,
    '/mechanisms/email/0/id',
  ],
  [
    'more channels than a policy has',
    { mechanisms: { email: Array.from({ length: 21 }, (_, i) => ({ id: `u${i}@shop.test` })) } },
    1400,
    '/mechanisms/email',
  ],
  ['an unknown kind of channel', { mechanisms: { sms: [] } }, 1400, '/mechanisms/sms'],
  ['an interval that is none', { alert_interval: 'often' }, 1400, '/alert_interval'],
  ['an interval of seconds', { alert_interval: '1s' }, 1400, '/alert_interval'],
  ['a name that cannot be seen', { name: 'a\u202eb' }, 1400, '/name'],
  ['a description with NUL', { description: 'a\0b' }, 1400, '/description'],
  ['an unknown field', { colour: 'red' }, 1400, '/colour'],
];
for (const [why, body, code, pointer] of REFUSED)
  it(`a policy is refused with a pointer, when it is made and when it is changed: ${why}`, async () => {
    const refused = await post('/policies', { ...POLICY, ...body });
    assert.deepEqual([refused.code, refused.pointer], [code, pointer], refused.message);
    const { result } = await post('/policies', POLICY);
    const change = await put(`/policies/${result.id}`, body);
    assert.deepEqual([change.code, change.pointer], [code, pointer], change.message);
    await client.alerting.policies.delete(result.id, account);
  });

it('a type that never fires is refused in words that name those that do', async () => {
  const { message } = await post('/policies', { ...POLICY, alert_type: 'dos_attack_l7' });
  assert.match(message, /dedicated_ssl_certificate_event_type, universal_ssl_event_type/);
});

it('a policy whose type changes keeps no filter that the new type does not have', async () => {
  const { result } = await post('/policies', { ...POLICY, filters: { new_status: ['active'] } });
  const refused = await put(`/policies/${result.id}`, { alert_type: 'zone_status_event_type' });
  assert.deepEqual([refused.code, refused.pointer], [1400, '/filters/new_status']);
  const changed = await put(`/policies/${result.id}`, {
    alert_type: 'zone_status_event_type',
    filters: null,
  });
  assert.equal(changed.status, 200);
});

it('what another account has is not there: not to be named, read, changed or taken away', async () => {
  const foreign = newClient({ baseURL: api.url, apiToken: other.token });
  const theirs = { account_id: other.id };
  const hook = await foreign.alerting.destinations.webhooks.create({
    ...theirs,
    name: 'theirs',
    url: 'https://alerts.example.net/',
  });
  const named = { webhooks: [{ id: hook.id ?? '' }] };
  const refused = await post('/policies', { ...POLICY, mechanisms: named });
  assert.equal(refused.code, 1463);
  const zoned = await post('/policies', { ...POLICY, filters: { zones: [other.zones[0]?.id] } });
  assert.equal(zoned.code, 1463);
  const { result } = await post('/policies', POLICY);
  await assert.rejects(foreign.alerting.policies.get(result.id, theirs), isFault(404, 1460));
  await assert.rejects(foreign.alerting.policies.delete(result.id, theirs), isFault(404, 1460));
  await assert.rejects(foreign.alerting.policies.get(result.id, account), isFault(403, 9109));
});

it('whoever may read alerts changes none, and a token for zones alone sees none', async () => {
  const { pool, clock } = api.jobs;
  const made = { accountId: owner.id, name: 'reader' } as const;
  const reader = await createToken(pool, { ...made, access: 'read' }, clock.now());
  const zones = owner.zones.map(({ id }) => id);
  const narrow = await createToken(pool, { ...made, access: 'read', zones }, clock.now());
  assert.equal((await api.get(at('/policies'), reader)).status, 200);
  assert.equal((await api.get(at('/policies'), narrow)).status, 403);
  const change = await send(api.url, ['POST', at('/policies')], reader, { body: POLICY });
  assert.deepEqual([change.status, change.code], [403, 9109]);
  assert.match(change.message, /'Notifications Write'/);
});

it('an account has as many policies as it may, and not one more', async () => {
  const full = await givenOwner(api, []);
  const path = `/accounts/${full.id}/alerting/v3/policies`;
  const all = await Promise.all(
    Array.from({ length: 201 }, () => send(api.url, ['POST', path], full.token, { body: POLICY })),
  );
  assert.equal(all.filter(({ status }) => status === 200).length, 200);
  assert.deepEqual(
    all.flatMap(({ status, code }) => (status === 200 ? [] : [code])),
    [1405],
  );
  const answer = await api.get(`${path}?page=2&per_page=150`, full.token);
  const { result, result_info: info } = JSON.parse(await answer.text());
  assert.deepEqual([result.length, info.total_count, info.total_pages], [50, 200, 2]);
});
