/** Tokens, users with keys, and accounts, as the vendor's own client sees them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type Cloudflare from 'cloudflare';
import { days } from '../../src/kit/time.ts';
import { policyFor } from '../../src/pack/permission.ts';
import { createToken, insertToken, keySecret } from '../../src/store/tokens.ts';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
let client: Cloudflare;
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['one.test', 'two.test']);
  const admin = { accountId: account.id, name: 'admin', access: 'write' } as const;
  account = { ...account, token: await createToken(api.jobs.pool, admin, api.jobs.clock.now()) };
  client = clientOf(account.token);
});
after(() => ends.disposeAsync());

const clientOf = (apiToken: string) => newClient({ apiToken, baseURL: api.url });

async function groupsNamed(...names: string[]): Promise<{ id: string }[]> {
  const { result }: { result: { id: string; name: string }[] } = JSON.parse(
    await (await api.get('/user/tokens/permission_groups', account.token)).text(),
  );
  return result.filter(({ name }) => names.includes(name)).map(({ id }) => ({ id }));
}

const resource = (zone: string) => ({ [`com.cloudflare.api.account.zone.${zone}`]: '*' });

async function makeToken(
  names: string[],
  zone: string,
  rest: object = {},
): Promise<{ id: string; secret: string }> {
  const policies = [
    { effect: 'allow' as const, resources: resource(zone), permission_groups: await groupsNamed(...names) },
  ];
  const { id = '', value = '' } = await client.user.tokens.create({ name: 'made', policies, ...rest });
  return { id, secret: value };
}

const statusOf = async (path: string, secret: string): Promise<number> =>
  (await api.get(path, secret)).status;
const listOf = (zone: { id: string } | undefined) => `/zones/${zone?.id}/ssl/certificate_packs`;

it('a token that is made by the API reaches its zone alone, and is shown with its secret this once', async () => {
  const [one, two] = account.zones;
  const { id, secret } = await makeToken(['SSL and Certificates Read', 'Zone Read'], one?.id ?? '');
  assert.match(secret, /^cp_/);
  assert.equal(await statusOf(listOf(one), secret), 200);
  assert.equal(await statusOf(listOf(two), secret), 403);
  const shown = await client.user.tokens.get(id);
  assert.equal(shown.name, 'made');
  assert(!JSON.stringify(shown).includes(secret));
  const listed = await client.user.tokens.list();
  assert(listed.result.some((token) => token.id === id));
});

it('a token that may write packs may not write zones or tokens, and the refusal names what is missing', async () => {
  const { secret } = await makeToken(['SSL and Certificates Write', 'Zone Read'], '*');
  const other = clientOf(secret);
  const zone = { account: { id: account.id }, name: 'three.test', type: 'full' } as const;
  await assert.rejects(other.zones.create(zone), /this token has no 'Zone Write' for all of its account/);
  await assert.rejects(other.user.tokens.list(), /'API Tokens Read'/);
  await assert.rejects(other.user.tokens.delete('0'.repeat(32)), /'API Tokens Write'/);
});

const allow = (permission_groups: object[], resources: object = resource('*')) => ({
  effect: 'allow',
  resources,
  permission_groups,
});

it('policies that no token here can be are refused with a pointer, and never widened', async () => {
  const read = await groupsNamed('SSL and Certificates Read');
  const cases: readonly (readonly [object[], string])[] = [
    [[{ ...allow(read), effect: 'deny' }], '/policies/0/effect'],
    [[allow(read, { 'com.example.everything': '*' })], '/policies/0/resources'],
    [[allow(read, {})], '/policies/0/resources'],
    [[allow([{ id: 'f'.repeat(32) }])], '/policies/0/permission_groups'],
  ];
  for (const [policies, pointer] of cases) {
    const answer = await fetch(`${api.url}/user/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'x', policies }),
    });
    const { errors }: { errors: { source?: { pointer: string } }[] } = JSON.parse(await answer.text());
    assert.equal(answer.status, 400, JSON.stringify(errors));
    assert.equal(errors[0]?.source?.pointer, pointer);
  }
});

it('a token that is taken away or gets another secret is refused by the next request, lists included', async () => {
  const { id, secret } = await makeToken(['SSL and Certificates Read', 'Zone Read'], '*');
  const paths = [listOf(account.zones[0]), '/zones', `/accounts/${account.id}/ssl/certificate_packs`];
  for (const path of paths) assert.equal(await statusOf(path, secret), 200, path);
  const rolled = await client.user.tokens.value.update(id, { body: {} });
  for (const path of paths) assert.equal(await statusOf(path, secret), 401, path);
  for (const path of paths) assert.equal(await statusOf(path, rolled), 200, path);
  await client.user.tokens.delete(id);
  for (const path of paths) assert.equal(await statusOf(path, rolled), 401, path);
});

it('a token is good from its first instant to its last', async () => {
  const at = (seconds: number) => new Date(api.jobs.clock.now().getTime() + seconds * 1_000).toISOString();
  const { secret, id } = await makeToken(['SSL and Certificates Read', 'Zone Read'], '*', {
    not_before: at(days(1)),
    expires_on: at(days(3)),
  });
  assert.equal(await statusOf(listOf(account.zones[0]), secret), 401);
  api.jobs.clock.advance(days(2));
  assert.equal(await statusOf(listOf(account.zones[0]), secret), 200);
  assert.equal((await clientOf(secret).user.tokens.verify()).status, 'active');
  api.jobs.clock.advance(days(2));
  for (const path of [listOf(account.zones[0]), '/zones'])
    assert.equal(await statusOf(path, secret), 401, path);
  assert.equal((await client.user.tokens.get(id)).status, 'expired');
});

it('a user comes with address and key in every route, and with no other key', async () => {
  const key = '0123456789abcdef0123456789abcdef01234567890ab';
  const now = api.jobs.clock.now();
  await insertToken(
    api.jobs.pool,
    { accountId: account.id, name: 'user', policies: [policyFor('0'.repeat(32), 'write')] },
    keySecret('Ops@one.test', key),
    now,
  );
  const user = newClient({
    apiEmail: 'ops@ONE.test',
    apiKey: key,
    apiToken: null,
    baseURL: api.url,
  });
  const zone_id = account.zones[0]?.id ?? '';
  assert.deepEqual((await user.ssl.certificatePacks.list({ zone_id })).result, []);
  assert.equal((await user.zones.list()).result.length, 2);
  const wrong = newClient({
    apiEmail: 'ops@one.test',
    apiKey: key.replace('0', '1'),
    apiToken: null,
    baseURL: api.url,
  });
  await assert.rejects(wrong.zones.list(), { status: 403 });
  await assert.rejects(wrong.ssl.certificatePacks.list({ zone_id }), /9103/);
});

it('an account is seen by its own tokens alone', async () => {
  const accounts = await client.accounts.list();
  assert.deepEqual(
    accounts.result.map(({ id }) => id),
    [account.id],
  );
  assert.equal((await client.accounts.get({ account_id: account.id })).id, account.id);
  const other = await givenAccount(api.jobs, ['other.test']);
  await assert.rejects(clientOf(other.token).accounts.get({ account_id: account.id }), { status: 403 });
});
