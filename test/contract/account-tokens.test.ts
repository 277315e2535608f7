/** Tokens by the path of their account: the same tokens, under the same rules, and nobody else's. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { days } from '../../src/kit/time.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { allow, givenOwner, groups, resources, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let mine: TestAccount;
let theirs: TestAccount;
before(async () => {
  api = await startApi(ends);
  mine = await givenOwner(api, ['one.test', 'two.test']);
  theirs = await givenOwner(api, ['other.test']);
});
after(() => ends.disposeAsync());

const clientOf = (apiToken: string) => newClient({ apiToken, baseURL: api.url });
const zone = (i: number): string => mine.zones[i]?.id ?? '';
const READ = ['SSL and Certificates Read'] as const;
const policy = (...zones: string[]) => ({
  effect: 'allow' as const,
  permission_groups: groups(...READ),
  resources: resources({ zones }),
});
const statusOf = async (secret: string, i = 0): Promise<number> =>
  (await api.get(`/zones/${zone(i)}/ssl/certificate_packs`, secret)).status;

it('a token is made, told, listed, changed, rolled and deleted, and is the one of /user/tokens', async () => {
  const { accounts, user } = clientOf(mine.token);
  const at = { account_id: mine.id };
  const made = await accounts.tokens.create({ ...at, name: 'made', policies: [policy(zone(0))] });
  const { id = '', value = '' } = made;
  assert.deepEqual([await statusOf(value), await statusOf(value, 1)], [200, 403]);
  const told = await accounts.tokens.get(id, at);
  assert.deepEqual(told, await user.tokens.get(id));
  assert(!JSON.stringify(told).includes(value));
  const listed: (string | undefined)[] = [];
  for await (const one of accounts.tokens.list({ ...at, per_page: 1 })) listed.push(one.id);
  assert.equal(listed.filter((one) => one === id).length, 1);
  const changed = await accounts.tokens.update(id, { ...at, name: 'changed', policies: [policy(zone(1))] });
  assert.equal(changed.name, 'changed');
  assert.deepEqual([await statusOf(value), await statusOf(value, 1)], [403, 200]);
  const rolled = await accounts.tokens.value.update(id, at);
  assert.deepEqual([await statusOf(value, 1), await statusOf(rolled, 1)], [401, 200]);
  assert.deepEqual(await accounts.tokens.delete(id, at), { id });
  assert.equal(await statusOf(rolled, 1), 401);
  await assert.rejects(accounts.tokens.get(id, at), { status: 404 });
});

it('a token tells by the account’s path whether it is good', async () => {
  const { id, status } = await clientOf(mine.token).accounts.tokens.verify({ account_id: mine.id });
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(status, 'active');
});

it('tokens of another account are neither seen nor touched, by its path or by one’s own', async () => {
  const made = await send(api.url, ['POST', `/accounts/${theirs.id}/tokens`], theirs.token, {
    body: { name: 'theirs', policies: [allow(READ, resources({ zones: ['*'] }))] },
  });
  const { id } = made.result;
  const body = { name: 'taken', policies: [policy('*')] };
  const calls = [
    ['GET', ''],
    ['POST', ''],
    ['GET', '/verify'],
    ['GET', '/permission_groups'],
    ['GET', `/${id}`],
    ['PUT', `/${id}`],
    ['DELETE', `/${id}`],
    ['PUT', `/${id}/value`],
  ] as const;
  for (const [method, path] of calls) {
    const sent = method === 'GET' ? {} : { body };
    const foreign = await send(api.url, [method, `/accounts/${theirs.id}/tokens${path}`], mine.token, sent);
    assert.deepEqual([foreign.status, foreign.code], [403, 9109], `${method} ${path}`);
    const nobodys = await send(
      api.url,
      [method, `/accounts/${'0'.repeat(32)}/tokens${path}`],
      mine.token,
      sent,
    );
    assert.deepEqual([nobodys.status, nobodys.code], [403, 9109], `${method} ${path}`);
    if (!path.includes(id)) continue;
    const own = await send(api.url, [method, `/accounts/${mine.id}/tokens${path}`], mine.token, sent);
    assert.deepEqual([own.status, own.code], [404, 1009], `${method} ${path}`);
  }
  const { result } = await send(api.url, ['GET', `/accounts/${theirs.id}/tokens/${id}`], theirs.token);
  assert.equal(result.id, id);
  const bad = await send(api.url, ['GET', '/accounts/me/tokens'], mine.token);
  assert.deepEqual([bad.status, bad.code], [400, 7003]);
});

const TOKENS = () => allow(['API Tokens Write'], resources({ account: mine.id }));
const inDays = (n: number): string =>
  new Date(api.jobs.clock.now().getTime() + days(n) * 1_000).toISOString();

it('what a token makes neither outranks nor outlives it, and nobody gets at one that may more', async () => {
  const path = `/accounts/${mine.id}/tokens`;
  const post = (by: string, body: object) =>
    send(api.url, ['POST', path], by, { body: { name: 'x', ...body } });
  const { result: maker } = await post(mine.token, {
    policies: [policy(zone(0)), TOKENS()],
    expires_on: inDays(10),
  });
  const wider = await post(maker.value, { policies: [policy(zone(1))] });
  assert.deepEqual([wider.status, wider.pointer], [403, '/policies/0']);
  const longer = await post(maker.value, { policies: [policy(zone(0))], expires_on: inDays(11) });
  assert.deepEqual([longer.status, longer.pointer], [403, '/expires_on']);
  const { result: child } = await post(maker.value, { policies: [policy(zone(0))] });
  assert.equal(child.expires_on, maker.expires_on);
  const widened = await send(api.url, ['PUT', `${path}/${child.id}`], mine.token, {
    body: { name: 'x', policies: [policy(zone(1))], expires_on: inDays(1) },
  });
  assert.equal(widened.status, 403, 'its maker bounds it, whoever asks');
  const { result: strong } = await post(mine.token, { policies: [policy(zone(1))] });
  for (const [method, of] of [
    ['DELETE', ''],
    ['PUT', '/value'],
  ] as const)
    assert.equal((await send(api.url, [method, `${path}/${strong.id}${of}`], maker.value)).status, 403);
  await send(api.url, ['DELETE', `${path}/${maker.id}`], mine.token);
  assert.equal((await send(api.url, ['GET', `${path}/${child.id}`], mine.token)).status, 404);
});

it('wants ‘API Tokens Read’ and ‘Write’ by either path, and to verify and see the groups nothing', async () => {
  const { accounts } = clientOf(mine.token);
  const at = { account_id: mine.id };
  const { value: reader = '' } = await accounts.tokens.create({
    ...at,
    name: 'reader',
    policies: [policy('*')],
  });
  const path = `/accounts/${mine.id}/tokens`;
  for (const [method, of] of [
    ['GET', ''],
    ['GET', `/${'0'.repeat(32)}`],
    ['DELETE', `/${'0'.repeat(32)}`],
    ['PUT', `/${'0'.repeat(32)}/value`],
  ] as const) {
    const { status, message } = await send(api.url, [method, path + of], reader);
    assert.equal(status, 403, message);
    assert.match(message, /'API Tokens (Read|Write)'/);
  }
  for (const open of ['/verify', '/permission_groups'])
    assert.equal((await send(api.url, ['GET', path + open], reader)).status, 200);
});

it('tells which groups the caller can give, by the name and the scope that are asked for', async () => {
  const at = { account_id: mine.id };
  const all = await clientOf(mine.token).accounts.tokens.permissionGroups.get(at);
  assert.equal(all.length, 11);
  assert(all.every((one) => one.is_selectable === true));
  const maker = await send(api.url, ['POST', `/accounts/${mine.id}/tokens`], mine.token, {
    body: { name: 'maker', policies: [policy(zone(0)), TOKENS()] },
  });
  const { accounts, user } = clientOf(maker.result.value);
  const selectable = (await accounts.tokens.permissionGroups.get(at)).filter((one) => one.is_selectable);
  assert.deepEqual(
    selectable.map(({ name }) => name),
    ['SSL and Certificates Read', 'API Tokens Read', 'API Tokens Write'],
  );
  assert.deepEqual(
    (await accounts.tokens.permissionGroups.list(at)).result,
    (await user.tokens.permissionGroups.list()).result,
  );
  const scope = 'com.cloudflare.api.account';
  const found = await accounts.tokens.permissionGroups.get({ ...at, name: 'API Tokens Read', scope });
  assert.deepEqual(
    found.map(({ name }) => name),
    ['API Tokens Read'],
  );
});

const named = (page: { result: { name?: string }[] }) => page.result.map(({ name }) => name);

it('lists in either direction, and what ended only where that is asked for', async () => {
  const own = await givenOwner(api, []);
  const { accounts, user } = clientOf(own.token);
  const at = { account_id: own.id };
  const make = (name: string, more: object = {}) =>
    accounts.tokens.create({ ...at, name, policies: [policy('*')], ...more });
  await make('ended', { expires_on: '2020-01-01T00:00:00Z' });
  api.jobs.clock.advance(1);
  await make('newest');
  assert.deepEqual(named(await accounts.tokens.list(at)).at(-1), 'newest');
  assert.deepEqual(named(await accounts.tokens.list({ ...at, direction: 'desc' }))[0], 'newest');
  assert(!named(await accounts.tokens.list(at)).includes('ended'));
  const all = await accounts.tokens.list({ ...at, include_expired: true });
  assert(named(all).includes('ended'));
  assert.deepEqual(named(all), named(await user.tokens.list()));
  for (const [query, pointer] of [
    ['direction=up', '/direction'],
    ['include_expired=1', '/include_expired'],
    ['per_page=0', '/per_page'],
  ]) {
    const refused = await send(api.url, ['GET', `/accounts/${own.id}/tokens?${query}`], own.token);
    assert.deepEqual([refused.status, refused.pointer], [400, pointer], query);
  }
});
