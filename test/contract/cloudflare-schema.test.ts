/** What Cloudflare's routes answer here is as Cloudflare describes it, for packs of every type in every status. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { documentedRows } from '../../src/ca/configuration.ts';
import { CERTIFICATE_AUTHORITIES, PACK_STATUSES, PACK_TYPES } from '../../src/pack/pack.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { OPERATION_NAMES, operationOf, violationsOf } from '../support/cloudflare-schema.ts';
import { givenCertificates, givenPack } from '../support/job-deps.ts';
import { givenOwner } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let url: string;
let account: TestAccount;
/** Ids of packs, one of each type in each status. */
const packs: string[] = [];
before(async () => {
  api = await startApi(ends);
  const rows = new Map(CERTIFICATE_AUTHORITIES.map((name) => [name, documentedRows[name]] as const));
  const app = await buildApi({
    ...api.deps,
    rows,
    managed: { ...api.deps.managed, backups: { ...api.deps.managed.backups, rows } },
  });
  ends.defer(() => app.close());
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  account = await givenOwner(api, ['one.test', 'two.test']);
  const [zone] = account.zones;
  for (const type of PACK_TYPES)
    for (const status of PACK_STATUSES) {
      const id = await givenPack(api.jobs, zone ?? assert.fail(), { type, status });
      if (packs.push(id) % 3 !== 0) await givenCertificates(api.jobs, id);
    }
});
after(() => ends.disposeAsync());

/** Operations that were answered, by whether they worked. */
const answered = { worked: new Set<string>(), failed: new Set<string>() };

interface Asked {
  readonly body?: unknown;
  readonly token?: string;
}

/** Asks, and holds the answer to the description. */
async function ask<T = { id: string }>(
  method: string,
  path: string,
  { body, token = account.token }: Asked = {},
): Promise<T> {
  const answer = await fetch(`${url}/client/v4${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const { pathname } = new URL(answer.url);
  const told: { result: T } = JSON.parse(await answer.text());
  const one = { method, path: pathname, status: answer.status, body: told };
  assert.deepEqual(violationsOf(one), [], JSON.stringify(told));
  answered[answer.ok ? 'worked' : 'failed'].add(operationOf(one) ?? assert.fail(`${method} ${path}`));
  return told.result;
}

const order = (zone: string) => ({
  type: 'advanced',
  hosts: [zone, `*.${zone}`],
  certificate_authority: 'google',
  validation_method: 'txt',
  validity_days: 90,
});

it('packs are listed, read, changed and deleted, whatever their type and status', async () => {
  const [zone] = account.zones;
  const path = `/zones/${zone?.id}/ssl/certificate_packs`;
  let listed = 0;
  for (let page = 1; page <= 4; page++)
    listed += (await ask<object[]>('GET', `${path}?status=all&per_page=50&page=${page}`)).length;
  assert.equal(listed, PACK_TYPES.length * PACK_STATUSES.length);
  assert.equal((await ask<object[]>('GET', `/zones/${zone?.id}/ssl/verification`)).length > 50, true);
  await ask('GET', path);
  await ask('GET', `${path}/quota`);
  for (const id of packs) {
    assert.equal((await ask('GET', `${path}/${id}`)).id, id);
    await ask('PATCH', `/zones/${zone?.id}/ssl/verification/${id}`, { body: { validation_method: 'txt' } });
    await ask('PATCH', `${path}/${id}`, { body: { cloudflare_branding: true } });
  }
  for (const id of packs) await ask('DELETE', `${path}/${id}`);
});

it('zones, their settings and orders', async () => {
  const { id } = await ask('POST', '/zones', { body: { name: 'new.test', type: 'full' } });
  await ask('GET', '/zones?per_page=50');
  await ask('GET', `/zones/${id}`);
  await ask('PATCH', `/zones/${id}`, { body: { paused: true } });
  await ask('PATCH', `/zones/${id}`, { body: { paused: false } });
  await ask('GET', `/zones/${id}/dcv_delegation/uuid`);
  await ask('PATCH', `/zones/${id}/ssl/universal/settings`, { body: { enabled: true } });
  await ask('GET', `/zones/${id}/ssl/universal/settings`);
  await ask('POST', `/zones/${id}/acm/total_tls`, {
    body: { enabled: true, certificate_authority: 'google' },
  });
  await ask('GET', `/zones/${id}/acm/total_tls`);
  await ask('POST', `/zones/${id}/ssl/certificate_packs/order`, { body: order('new.test') });
  await ask('DELETE', `/zones/${id}`);
});

it('refusals of every route', async () => {
  const missing = '0'.repeat(32);
  for (const name of OPERATION_NAMES) {
    const [method = '', template = ''] = name.split(' ');
    const path = template.replaceAll('{zone_id}', missing).replaceAll(/\{\w+\}/g, packs[0] ?? '');
    const isWriting = method === 'POST' || method === 'PATCH' || method === 'PUT';
    if (template.includes('{')) await ask(method, path, isWriting ? { body: [] } : {});
    await ask(method, path, { token: 'cp_nobody', ...(isWriting && { body: {} }) });
  }
});

/** What their own tests do with Cloudflare's client, which holds each answer to the description too. */
const ELSEWHERE = OPERATION_NAMES.filter((name) =>
  /ssl\/analyze$|custom_(?:certificates|hostnames)|keyless_certificates/.test(name),
);

it('nothing that is described was left out', () => {
  const worked = OPERATION_NAMES.filter((name) => !ELSEWHERE.includes(name));
  assert.deepEqual([...answered.worked].toSorted(), worked.toSorted());
  assert.deepEqual([...answered.failed].toSorted(), OPERATION_NAMES.toSorted());
});

it('an answer that is not as it is described is found', () => {
  const path = `/client/v4/zones/${'0'.repeat(32)}/ssl/certificate_packs`;
  const violations = (result: unknown, place = path) =>
    violationsOf({
      method: 'GET',
      path: place,
      status: 200,
      body: { success: true, errors: [], messages: [], result },
    });
  const pack = { id: packs[0], type: 'advanced', hosts: [], certificates: [], status: 'active' };
  assert.deepEqual(violations([pack]), []);
  assert.match(violations([{ ...pack, status: 'served' }]).join(), /\/result\/0\/status/);
  assert.match(violations([{ ...pack, validity_days: 91 }]).join(), /validity_days/);
  assert.match(violations({ ...pack, hosts: undefined }, `${path}/${packs[0]}`).join(), /result/);
  const refused = { success: false, errors: [], messages: [] };
  assert.notDeepEqual(violationsOf({ method: 'GET', path, status: 404, body: refused }), []);
});
