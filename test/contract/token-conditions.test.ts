/** From where and when a token is good: by the next request, in lists as in all else. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { days } from '../../src/kit/time.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { allow, givenOwner, made, resources, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let url: string;
let account: TestAccount;
let paths: readonly string[];
before(async () => {
  api = await startApi(ends);
  const http = {
    trustedProxies: ['127.0.0.1'],
    bodyLimit: 2 ** 20,
    headerLimit: 2 ** 14,
    requestTimeout: 60,
    keepAlive: 72,
    isLogged: false,
    rateLimit: 0,
  };
  // With pages in memory: they are no way past the token.
  const app = await buildApi({ ...api.deps, http, pageCacheBytes: 2 ** 24 });
  ends.defer(() => app.close());
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  account = await givenOwner(api, ['one.test']);
  const zone = account.zones[0]?.id ?? '';
  paths = [
    `/zones/${zone}/ssl/certificate_packs?status=all`,
    `/accounts/${account.id}/ssl/certificate_packs`,
    '/zones',
    `/zones/${zone}`,
    '/user/tokens/verify',
  ];
});
after(() => ends.disposeAsync());

const READ = () => allow(['SSL and Certificates Read', 'Zone Read'], resources({ zones: ['*'] }));

/** Statuses of all paths, asked for three times: the page comes from memory in the end. */
async function statuses(token: string, from = '192.0.2.1'): Promise<number[]> {
  const seen = new Set<number>();
  for (let i = 0; i < 3; i++)
    for (const path of paths) seen.add((await send(url, ['GET', path], token, { from })).status);
  return [...seen];
}

describe('the addresses of a token', () => {
  const OFFICE = { request_ip: { in: ['192.0.2.0/24', '2001:db8::/32'], not_in: ['192.0.2.7/32'] } };
  const cases = [
    { from: '192.0.2.1', status: 200 },
    { from: '::ffff:192.0.2.1', status: 200 },
    { from: '2001:db8::5', status: 200 },
    { from: '192.0.2.7', status: 403 },
    { from: '198.51.100.1', status: 403 },
    { from: '2001:db9::5', status: 403 },
    { from: '192.0.2.1, 198.51.100.1', status: 403 },
    { from: 'unknown', status: 403 },
  ];
  for (const { from, status } of cases) {
    it(`answer ${status} to a request from ${from}, on every route`, async () => {
      const { value, condition } = await made(url, account.token, { policies: [READ()], condition: OFFICE });
      assert.deepEqual(condition, OFFICE);
      assert.deepEqual(await statuses(value, from), [status]);
    });
  }

  it('are taken as the documentation writes them as well', async () => {
    const { value, condition } = await made(url, account.token, {
      policies: [READ()],
      condition: { 'request.ip': { not_in: ['198.51.100.0/24'] } },
    });
    assert.deepEqual(condition, { request_ip: { not_in: ['198.51.100.0/24'] } });
    assert.deepEqual(await statuses(value, '198.51.100.9'), [403]);
    assert.deepEqual(await statuses(value, '192.0.2.1'), [200]);
  });

  it('are named in the refusal, by the code of the vendor', async () => {
    const { value } = await made(url, account.token, { policies: [READ()], condition: OFFICE });
    const { code, message } = await send(url, ['GET', '/zones'], value, { from: '198.51.100.1' });
    assert.equal(code, 9109);
    assert.match(message, /cannot be used from 198\.51\.100\.1/);
  });

  it('are told apart where requests of one token are asked for together', async () => {
    const { value } = await made(url, account.token, { policies: [READ()], condition: OFFICE });
    const ask = (from: string) => send(url, ['GET', paths[0] ?? ''], value, { from });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => ask(i % 2 ? '192.0.2.1' : '198.51.100.1')),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array.from({ length: 40 }, (_, i) => (i % 2 ? 200 : 403)),
    );
  });
});

const put = (id: string, body: object) =>
  send(url, ['PUT', `/user/tokens/${id}`], account.token, {
    body: { name: 'made', policies: [READ()], ...body },
  });

it('a change of a token switches it off and on by the next request', async () => {
  const { id, value } = await made(url, account.token, { policies: [READ()] });
  assert.deepEqual(await statuses(value), [200]);
  assert.equal((await put(id, { status: 'disabled' })).result.status, 'disabled');
  assert.deepEqual(await statuses(value), [401]);
  assert.equal((await put(id, { status: 'active' })).result.status, 'active');
  assert.deepEqual(await statuses(value), [200]);
});

it('a change of a token holds for addresses, times and policies by the next request', async () => {
  const { id, value } = await made(url, account.token, { policies: [READ()] });
  await put(id, { condition: { request_ip: { not_in: ['192.0.2.1/32'] } } });
  assert.deepEqual(await statuses(value), [403]);
  await put(id, { not_before: new Date(api.jobs.clock.now().getTime() + 1_000).toISOString() });
  assert.deepEqual(await statuses(value), [401]);
  api.jobs.clock.advance(1);
  assert.deepEqual(await statuses(value), [200]);
  await put(id, { expires_on: new Date(api.jobs.clock.now().getTime() + days(1) * 1_000).toISOString() });
  assert.deepEqual(await statuses(value), [200]);
  api.jobs.clock.advance(days(1));
  assert.deepEqual(await statuses(value), [401]);
  const { status } = await put(id, { policies: [allow(['Zone Read'], resources({ zones: ['*'] }))] });
  assert.equal(status, 200);
  assert.equal((await send(url, ['GET', paths[0] ?? ''], value)).status, 403);
  assert.equal((await send(url, ['GET', '/zones'], value)).status, 200);
});

it('a change of a token leaves out what it does not say: it is the whole of the token', async () => {
  const { id } = await made(url, account.token, {
    policies: [READ()],
    condition: { request_ip: { in: ['192.0.2.0/24'] } },
    expires_on: '2100-01-01T00:00:00Z',
  });
  const { result } = await put(id, {});
  assert.deepEqual([result.condition, result.expires_on], [undefined, undefined]);
});

it('a change of a token takes back what a reading gave, and the vendor’s client makes it', async () => {
  const { id, policies } = await made(url, account.token, { policies: [READ()] });
  const { result } = await send(url, ['GET', `/user/tokens/${id}`], account.token);
  const { status: _, ...told } = result;
  const again = await put(id, { ...told, name: 'renamed' });
  assert.equal(again.status, 200, again.message);
  assert.deepEqual(again.result.policies, policies);
  const client = newClient({ apiToken: account.token, baseURL: url });
  const { name, condition } = await client.user.tokens.update(id, {
    name: 'by the client',
    policies: [
      {
        effect: 'allow',
        resources: { 'com.cloudflare.api.account.zone.*': '*' },
        permission_groups: [{ id: 'c8fed203ed3043cba015a93ad1616f1f' }],
      },
    ],
    condition: { request_ip: { in: ['192.0.2.0/24'] } },
    status: 'disabled',
  });
  assert.equal(name, 'by the client');
  assert.deepEqual(condition, { request_ip: { in: ['192.0.2.0/24'] } });
});

it('a change of a token is recorded, with who made it', async () => {
  const { id } = await made(url, account.token, { policies: [READ()] });
  await put(id, { status: 'disabled' });
  const path = `/accounts/${account.id}/logs/audit?resource_id=${id}`;
  const { result } = await send(url, ['GET', path], account.token);
  assert(Array.isArray(result));
  assert.deepEqual(
    result.map(({ action }) => [action.type, action.description]),
    [
      ['update', 'update'],
      ['create', 'create'],
    ],
  );
});

it('a token that is made switched off is off', async () => {
  const { value, status } = await made(url, account.token, { policies: [READ()], status: 'disabled' });
  assert.equal(status, 'disabled');
  assert.deepEqual(await statuses(value), [401]);
});
