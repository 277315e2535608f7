/** The audit log, as the vendor's own client reads it. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type Cloudflare from 'cloudflare';
import { days, after as timeAfter } from '../../src/kit/time.ts';
import { OPERATOR, purgeAudit, recordAudit } from '../../src/store/audit.ts';
import { createToken } from '../../src/store/tokens.ts';
import { givenAccount, startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { givenCertificates, givenPack } from '../support/job-deps.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
let client: Cloudflare;
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['one.test']);
  const admin = { accountId: account.id, name: 'admin', access: 'write' } as const;
  account = { ...account, token: await createToken(api.jobs.pool, admin, api.jobs.clock.now()) };
  client = newClient({ apiToken: account.token, baseURL: api.url });
});
after(() => ends.disposeAsync());

const EVER = { since: '2000-01-01', before: '2100-01-01' };

async function recorded(filter: object = {}) {
  const records = [];
  const asked = { account_id: account.id, ...EVER, direction: 'asc' as const, ...filter };
  for await (const record of client.accounts.logs.audit.list(asked)) records.push(record);
  return records;
}

const wordsOf = (records: Awaited<ReturnType<typeof recorded>>) =>
  records.map(({ action, resource }) => `${action?.type} ${resource?.type} (${action?.description})`);

it('tells every write: what was done to what, by which token, from where, by which request', async () => {
  const zone = await client.zones.create({ name: 'made.test', account: { id: account.id }, type: 'partial' });
  const policies = await policiesOf(/ Read$/);
  const token = await client.user.tokens.create({ name: 'short-lived', policies });
  await client.user.tokens.value.update(token.id ?? '', { body: {} });
  await client.user.tokens.delete(token.id ?? '');
  const home = zoneNamed('one.test');
  const pack = await givenPack(api.jobs, home);
  await client.ssl.certificatePacks.edit(pack, { zone_id: home.id, cloudflare_branding: true });
  await client.ssl.certificatePacks.delete(pack, { zone_id: home.id });
  const revoked = await givenPack(api.jobs, home, { status: 'active' });
  await givenCertificates(api.jobs, revoked);
  await client.post(`/zones/${home.id}/ssl/certificate_packs/${revoked}/revoke`, { body: {} });
  await client.zones.delete({ zone_id: zone.id });
  const records = await recorded();
  assert.deepEqual(wordsOf(records), [
    'create zone (create)',
    'create api_token (create)',
    'update api_token (roll)',
    'delete api_token (delete)',
    'update certificate_pack (amend)',
    'delete certificate_pack (delete)',
    'update certificate_pack (revoke)',
    'delete certificate_pack (delete)',
    'delete zone (delete)',
  ]);
  const [made, , rolled, , amended] = records;
  assert.deepEqual(made?.zone, { id: zone.id, name: 'made.test' });
  assert.deepEqual(amended?.resource, { id: pack, type: 'certificate_pack', product: 'ssl' });
  assert.deepEqual(rolled?.resource, {
    id: token.id,
    type: 'api_token',
    product: 'api_token',
    name: 'short-lived',
  });
  for (const { actor, raw } of records) {
    const { token_id: id, ...rest } = actor ?? {};
    assert.match(id ?? '', /^[0-9a-f]{32}$/);
    assert.deepEqual(rest, {
      type: 'user',
      context: 'api_token',
      token_name: 'admin',
      ip_address: '127.0.0.1',
    });
    assert.match(JSON.stringify(raw), /"request_id":"[0-9a-f]{32}"/);
  }
  assert(!JSON.stringify(records).includes(account.token));
});

/** What grants the permission groups of such names in all zones. */
async function policiesOf(names: RegExp) {
  const { result } = await client.user.tokens.permissionGroups.list();
  const groups = result.flatMap(({ id, name = '' }) =>
    id !== undefined && names.test(name) ? [{ id }] : [],
  );
  const resources = { 'com.cloudflare.api.account.zone.*': '*' };
  return [{ effect: 'allow' as const, resources, permission_groups: groups }];
}

function zoneNamed(name: string) {
  const zone = account.zones.find((one) => one.name === name);
  assert(zone);
  return zone;
}

it('records nothing of what was refused or is undone, and nothing that only reads', async () => {
  const records = (await recorded()).length;
  await assert.rejects(
    client.zones.create({ name: 'one.test', account: { id: account.id } }),
    /already exists/,
  );
  await assert.rejects(client.zones.create({ name: '', account: { id: account.id } }));
  await client.zones.list();
  assert.equal((await recorded()).length, records);
});

it('still names the token, and only a user as a user, when the token is gone', async () => {
  const policies = await policiesOf(/./);
  await assert.rejects(
    client.user.tokens.create({ name: 'user boss@a.test', policies }),
    /begins with 'user'/,
  );
  const made = await client.user.tokens.create({ name: 'gone', policies });
  const other = newClient({ apiToken: made.value ?? '', baseURL: api.url });
  const zone = await other.zones.create({ name: 'gone.test', account: { id: account.id }, type: 'partial' });
  await client.user.tokens.delete(made.id ?? '');
  const [record] = await recorded({ zone_id: zone.id });
  assert.deepEqual([record?.actor?.token_name, record?.actor?.token_id], ['gone', made.id]);
  await client.zones.delete({ zone_id: zone.id });
});

it('tells what was done on the database’s own machine as the operator’s', async () => {
  const about = {
    accountId: account.id,
    resource: 'api_token',
    resourceId: 'f'.repeat(32),
    name: 'first',
  } as const;
  await recordAudit(api.jobs.pool, { ...about, event: 'create', actor: OPERATOR }, api.jobs.clock.now());
  const [record] = await recorded({ resource_id: about.resourceId });
  assert.deepEqual(record?.actor, { type: 'system', id: 'operator' });
});

it('is walked to its end in either direction by any page size, and shows only what is asked for', async () => {
  const all = await recorded();
  assert.deepEqual(await recorded({ limit: 1 }), all);
  assert.deepEqual(await recorded({ limit: 2, direction: 'desc' }), all.toReversed());
  const zones = all.filter(({ resource }) => resource?.type === 'zone');
  assert.equal(zones.length, 4);
  assert.deepEqual(await recorded({ limit: 1, resource_type: 'zone' }), zones);
  assert.deepEqual(await recorded({ zone_id: zones[0]?.zone?.id }), zones.slice(0, 2));
  assert.deepEqual(await recorded({ since: '2090-01-01' }), []);
  assert.deepEqual(await recorded({ before: '2001-01-01' }), []);
});

it('refuses a filter that it does not know, another list’s cursor, and too large a page', async () => {
  for (const [query, pointer] of [
    ['actor_email=a@b.test', '/actor_email'],
    ['action_type[not]=create', '/action_type[not]'],
    ['cursor=AAAA', '/cursor'],
    ['limit=1001', '/limit'],
    ['since=yesterday', '/since'],
    ['zone_id=nope', '/zone_id'],
    ['resource_id=nope', '/resource_id'],
    ['since=2026-02-01&before=2026-01-01', '/before'],
  ]) {
    const answer = await api.get(`/accounts/${account.id}/logs/audit?${query}`, account.token);
    const { errors }: { errors: { source: { pointer: string } }[] } = JSON.parse(await answer.text());
    assert.deepEqual([answer.status, errors[0]?.source.pointer], [400, pointer], query);
  }
});

it('is not shown to another account, nor to a token that is limited to zones', async () => {
  const other = await givenAccount(api.jobs, []);
  const path = `/accounts/${account.id}/logs/audit`;
  assert.equal((await api.get(path, other.token)).status, 403);
  const limited = await tokenFor(api.jobs, { accountId: account.id, zones: [zoneNamed('one.test').id] });
  const answer = await api.get(path, limited);
  assert.equal(answer.status, 403);
  assert.match(await answer.text(), /'Account Settings Read' for all of its account/);
});

it('is kept as long as the option says, and no longer', async () => {
  const { pool, clock } = api.jobs;
  await purgeAudit(pool, timeAfter(clock.now(), -days(1)));
  assert((await recorded()).length > 0);
  await purgeAudit(pool, timeAfter(clock.now(), 1));
  assert.deepEqual(await recorded(), []);
});
