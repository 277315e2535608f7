/** Nothing of an account can be seen, changed or guessed by another: on every route that the description names. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { newHexId, newUuid } from '../../src/kit/id.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { edgeIn } from '../support/edge/edge-in.ts';
import { givenPack } from '../support/job-deps.ts';
import { keylessIn } from '../support/keyless.ts';
import { allow, givenOwner, made, resources, send } from '../support/tokens.ts';
import { uploadIn } from '../support/uploads.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let mine: TestAccount;
let other: TestAccount;
let theirs: Ids;
before(async () => {
  api = await startApi(ends);
  mine = await givenOwner(api, ['mine.test']);
  other = await givenOwner(api, ['theirs.test']);
  const [zone] = other.zones;
  assert.ok(zone);
  const token = await made(api.url, other.token, { policies: [POLICY] });
  theirs = {
    account_id: other.id,
    zone_id: zone.id,
    certificate_pack_id: await givenPack(api.jobs, zone),
    token_id: token.id,
    dns_record_id: await givenRecord(zone.id, other.token),
    custom_certificate_id: await uploadIn(api.jobs, zone),
    keyless_certificate_id: await keylessIn(api.jobs, zone),
    ...(await givenCustomers(zone)),
    ...(await givenAlerts()),
  };
});

/** What the other account has for customers of its own; the ids. */
async function givenCustomers({ id }: { readonly id: string }): Promise<Ids> {
  const make = async (path: string, body: object): Promise<string> => {
    const answer = await send(api.url, ['POST', path], other.token, { body });
    assert.equal(answer.status < 300, true, answer.message);
    const { result } = answer;
    return Array.isArray(result) ? result[0].id : result.id;
  };
  return {
    custom_hostname_id: await make(`/zones/${id}/custom_hostnames`, HOSTNAME),
    custom_csr_id: await make(`/accounts/${other.id}/custom_csrs`, CSR),
    edge_id: await edgeIn(api.jobs, other.id),
    move_in_id: await make(`/accounts/${other.id}/move_ins`, {
      items: [{ zone_id: id, hosts: ['moves.theirs.test'] }],
    }),
  };
}

const HOSTNAME = { hostname: 'app.customer.test' };
const CSR = {
  common_name: 'theirs.test',
  country: 'DE',
  state: 'x',
  locality: 'x',
  organization: 'x',
  sans: ['theirs.test'],
};

/** What the other account has of alerts; the ids. */
async function givenAlerts(): Promise<Ids> {
  const alerting = `/accounts/${other.id}/alerting/v3`;
  const make = async (path: string, body: object): Promise<string> => {
    const { status, message, result } = await send(api.url, ['POST', alerting + path], other.token, { body });
    assert.equal(status, 200, message);
    return result.id;
  };
  const webhook_id = await make('/destinations/webhooks', HOOK);
  const pagerduty_id = await make('/destinations/pagerduty', SERVICE);
  const policy_id = await make('/policies', ALERTS);
  await make('/silences', [{ policy_id, ...TIMES }]);
  const one = async (path: string): Promise<string> => {
    const { result } = await send(api.url, ['GET', alerting + path], other.token);
    return Array.isArray(result) ? result[0].id : assert.fail();
  };
  const [silence_id, delivery_id] = [await one('/silences'), await one('/deliveries')];
  return { webhook_id, pagerduty_id, policy_id, silence_id, delivery_id };
}

const HOOK = { name: 'theirs', url: 'https://alerts.theirs.test/in' };
const SERVICE = { name: 'theirs', integration_key: '0123456789abcdef0123456789abcdef' };
const ALERTS = {
  name: 'theirs',
  alert_type: 'universal_ssl_event_type',
  enabled: true,
  mechanisms: { email: [{ id: 'a@theirs.test' }] },
};
const TIMES = { start_time: '2030-01-01T00:00:00Z', end_time: '2030-01-02T00:00:00Z' };

/** A DNS record of a zone; its id. */
async function givenRecord(zoneId: string, token: string): Promise<string> {
  await api.jobs.pool.query("update zones set type = 'full' where id = $1", [zoneId]);
  const answer = await fetch(`${api.url}/zones/${zoneId}/dns_records`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(RECORD),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  const { result }: { readonly result: { readonly id: string } } = JSON.parse(text);
  return result.id;
}

const RECORD = { type: 'TXT', name: 'note', content: 'theirs', ttl: 300 };
after(() => ends.disposeAsync());

/** Values of the parameters of paths. */
type Ids = Readonly<Record<string, string>>;

const POLICY = allow(['Zone Read'], resources({ zones: ['*'] }));

const nobodys = (): Ids => ({
  account_id: newHexId(),
  zone_id: newHexId(),
  certificate_pack_id: newUuid(),
  token_id: newHexId(),
  dns_record_id: newHexId(),
  custom_certificate_id: newUuid(),
  keyless_certificate_id: newUuid(),
  custom_hostname_id: newUuid(),
  custom_csr_id: newUuid(),
  move_in_id: newUuid(),
  webhook_id: newHexId(),
  pagerduty_id: newHexId(),
  policy_id: newHexId(),
  silence_id: newHexId(),
  delivery_id: newHexId(),
});

/** What each call says that wants a body. */
const ALERTING = '/client/v4/accounts/{account_id}/alerting/v3';
const CUSTOM = '/client/v4/zones/{zone_id}/custom_certificates';
const HOSTNAMES = '/client/v4/zones/{zone_id}/custom_hostnames';
const KEYLESS = '/client/v4/zones/{zone_id}/keyless_certificates';
const BODIES: Readonly<Record<string, object>> = {
  [`POST ${ALERTING}/destinations/webhooks`]: HOOK,
  [`PUT ${ALERTING}/destinations/webhooks/{webhook_id}`]: HOOK,
  [`POST ${ALERTING}/destinations/pagerduty`]: SERVICE,
  [`POST ${ALERTING}/policies`]: ALERTS,
  [`PUT ${ALERTING}/policies/{policy_id}`]: { enabled: false },
  [`POST ${ALERTING}/silences`]: [{ policy_id: newHexId(), ...TIMES }],
  [`PUT ${ALERTING}/silences`]: [{ id: newHexId(), ...TIMES }],
  [`POST ${CUSTOM}`]: { certificate: 'x', private_key: 'x' },
  [`PATCH ${CUSTOM}/{custom_certificate_id}`]: { certificate: 'x', private_key: 'x' },
  [`PUT ${CUSTOM}/prioritize`]: { certificates: [] },
  'POST /client/v4/accounts/{account_id}/move_ins': {
    items: [{ zone_id: newHexId(), hosts: ['www.theirs.test'] }],
  },
  'POST /client/v4/accounts/{account_id}/custom_csrs': CSR,
  'POST /client/v4/accounts/{account_id}/edges': { name: 'edge-1', kind: 'nginx' },
  'PATCH /client/v4/accounts/{account_id}/edges/{edge_id}': { drained: true },
  'POST /client/v4/zones/{zone_id}/custom_csrs': CSR,
  [`POST ${HOSTNAMES}`]: HOSTNAME,
  [`PATCH ${HOSTNAMES}/{custom_hostname_id}`]: {},
  [`PUT ${HOSTNAMES}/fallback_origin`]: { origin: 'www.theirs.test' },
  [`PUT ${HOSTNAMES}/{custom_hostname_id}/certificate_pack/{certificate_pack_id}/certificates/{certificate_id}`]:
    {
      custom_certificate: 'x',
      custom_key: 'x',
    },
  [`POST ${KEYLESS}`]: { host: 'keys.test', certificate: 'x' },
  [`PATCH ${KEYLESS}/{keyless_certificate_id}`]: { name: 'x' },
  'PUT /client/v4/user/tokens/{token_id}': { name: 'x', policies: [POLICY] },
  'PUT /client/v4/user/tokens/{token_id}/value': {},
  'PATCH /client/v4/zones/{zone_id}': { paused: true },
  'POST /client/v4/zones/{zone_id}/dns_records': RECORD,
  'POST /client/v4/zones/{zone_id}/dns_records/batch': { posts: [RECORD] },
  'PUT /client/v4/zones/{zone_id}/dns_records/{dns_record_id}': RECORD,
  'PATCH /client/v4/zones/{zone_id}/dns_records/{dns_record_id}': { ttl: 600 },
  'POST /client/v4/accounts/{account_id}/ssl/certificate_packs/bulk': {
    action: 'restart',
    filter: { status: 'expired' },
    dry_run: true,
  },
  'POST /client/v4/zones/{zone_id}/ssl/analyze': {},
  'PATCH /client/v4/zones/{zone_id}/ssl/universal/settings': { enabled: true },
  'POST /client/v4/zones/{zone_id}/acm/total_tls': { enabled: true },
  'PATCH /client/v4/zones/{zone_id}/acm/total_tls': { enabled: true },
  'PATCH /client/v4/zones/{zone_id}/ssl/verification/{certificate_pack_id}': { validation_method: 'txt' },
  'PATCH /client/v4/zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}': {},
  'POST /client/v4/zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}/revoke': {},
  'POST /client/v4/zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}/failover': {},
  'POST /client/v4/zones/{zone_id}/ssl/certificate_packs/order': {
    type: 'advanced',
    hosts: ['www.theirs.test'],
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
  },
};

/** What is answered, without the ids that the request itself has. */
async function answerTo(method: string, path: string, ids: Ids, query = ''): Promise<string> {
  const url = new URL(path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '') + query, api.url);
  const body = BODIES[`${method} ${path}`];
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${mine.token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  let text = `${answer.status} ${await answer.text()}`;
  for (const [name, id] of Object.entries(ids)) text = text.replaceAll(id, `{${name}}`);
  return text;
}

it('what is another’s is answered as what is nobody’s, byte for byte, by every method of every path', async () => {
  const document: { paths: Record<string, Record<string, unknown>> } = JSON.parse(
    await (await fetch(`${api.url}/openapi.json`)).text(),
  );
  let calls = 0;
  for (const [path, methods] of Object.entries(document.paths).filter(([one]) => one.includes('{')))
    for (const method of Object.keys(methods).map((one) => one.toUpperCase())) {
      const seen = await answerTo(method, path, theirs);
      assert.match(seen, /^(403|404) \{"success":false/, `${method} ${path}: ${seen}`);
      assert.equal(seen, await answerTo(method, path, nobodys()), `${method} ${path}`);
      calls += 1;
    }
  assert(calls >= 18, `${calls} calls`);
});

it('what is another’s is nobody’s also beside what is one’s own: a zone, a pack, a filter', async () => {
  const [zone] = mine.zones;
  const own = { zone_id: zone?.id ?? '', account_id: mine.id };
  const packs = '/client/v4/zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}';
  const list = '/client/v4/accounts/{account_id}/ssl/certificate_packs';
  const audit = '/client/v4/accounts/{account_id}/logs/audit';
  for (const method of ['GET', 'PATCH', 'DELETE'])
    assert.equal(
      await answerTo(method, packs, { ...theirs, ...own }),
      await answerTo(method, packs, { ...nobodys(), ...own }),
    );
  const asks = (ids: Ids) => [
    answerTo('GET', list, { ...ids, ...own, zone_id: ids['zone_id'] ?? '' }, `?zone_id=${ids['zone_id']}`),
    answerTo('GET', audit, { ...ids, ...own }, `?zone_id=${ids['zone_id']}`),
    answerTo('GET', audit, { ...ids, ...own }, `?resource_id=${ids['token_id']}`),
    answerTo('GET', audit, { ...ids, ...own }, `?actor_token_id=${ids['token_id']}`),
    answerTo('GET', '/client/v4/zones', { ...ids, ...own }, `?account.id=${ids['account_id']}`),
    answerTo('GET', '/client/v4/zones', { ...ids, ...own }, '?name=theirs.test'),
  ];
  assert.deepEqual(await Promise.all(asks(theirs)), await Promise.all(asks(nobodys())));
});

it('an account has its own zones, tokens and record, and itself, in its lists', async () => {
  for (const [account, zone] of [
    [mine, 'mine.test'],
    [other, 'theirs.test'],
  ] as const) {
    const lists = ['/zones', '/user/tokens', `/accounts/${account.id}/logs/audit`, '/accounts'];
    const told = await Promise.all(lists.map((path) => send(api.url, ['GET', path], account.token)));
    const text = JSON.stringify(told.map(({ result }) => result));
    const strange = account === mine ? other : mine;
    assert(text.includes(account.id) && text.includes(zone), text);
    for (const id of [strange.id, strange.zones[0]?.id ?? '', strange.zones[0]?.name ?? ''])
      assert(!text.includes(id), id);
  }
  assert(await theyAreThere(), 'nothing was changed');
});

/** Whether everything of the other account is as it was. */
async function theyAreThere(): Promise<boolean> {
  const { zone_id: zone, certificate_pack_id: pack, token_id: token } = theirs;
  const asks = [`/zones/${zone}`, `/zones/${zone}/ssl/certificate_packs/${pack}`, `/user/tokens/${token}`];
  const told = await Promise.all(asks.map((path) => send(api.url, ['GET', path], other.token)));
  return told.every(({ status, result }) => status === 200 && !/delet|disabled/.test(result.status));
}
