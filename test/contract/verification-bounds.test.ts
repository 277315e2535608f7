/** What is told of the validation of a zone's packs, however many there are and whatever they are in, and to whom. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { PACK_STATUSES } from '../../src/pack/pack.ts';
import { givenCopies, startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { clear, givenCertificates, givenPack, packOf } from '../support/job-deps.ts';
import { allow, givenOwner, made, resources, send, type TokenAnswer } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let mine: TestAccount;
let other: TestAccount;
before(async () => {
  api = await startApi(ends);
});
beforeEach(async () => {
  await clear(api.jobs);
  mine = await givenOwner(api, ['mine.example']);
  other = await givenOwner(api, ['other.example']);
});
after(() => ends.disposeAsync());

const zoneOf = ({ zones: [zone] }: TestAccount) => zone ?? assert.fail();
const pathOf = (who: TestAccount): string => `/zones/${zoneOf(who).id}/ssl/verification`;

interface Told {
  readonly status: number;
  readonly result: readonly { readonly certificate_status: string; readonly cert_pack_uuid: string }[];
  readonly messages: readonly { readonly code: number; readonly message: string }[];
}

async function told(query = '', token = mine.token): Promise<Told> {
  const answer = await api.get(pathOf(mine) + query, token);
  const body: Omit<Told, 'status'> = JSON.parse(await answer.text());
  return { ...body, status: answer.status };
}

const patch = (id: string, body?: object, token = mine.token): Promise<TokenAnswer> =>
  send(api.url, ['PATCH', `${pathOf(mine)}/${id}`], token, body ? { body } : {});

it('says each status in one of the seven words, and nothing of packs that are neither on their way nor served', async () => {
  const ids = new Map<string, string>();
  for (const status of PACK_STATUSES) ids.set(await givenPack(api.jobs, zoneOf(mine), { status }), status);
  const { result } = await told();
  const words = result.map((one) => `${ids.get(one.cert_pack_uuid)}: ${one.certificate_status}`);
  assert.deepEqual(
    words.toSorted((a, b) => a.localeCompare(b)),
    [
      'active: active',
      'backup_issued: pending_deployment',
      'deactivating: active',
      'deployment_timed_out: timing_out',
      'expired: expired',
      'holding_deployment: pending_deployment',
      'initializing_timed_out: timing_out',
      'initializing: initializing',
      'issuance_timed_out: timing_out',
      'pending_deployment: pending_deployment',
      'pending_expiration: active',
      'pending_issuance: issuing',
      'pending_validation: authorizing',
      'staging_active: active',
      'staging_deployment: pending_deployment',
      'validation_timed_out: timing_out',
    ],
  );
});

it('of more than 1,000 packs it shows those first that are on their way, and says that there are more', async () => {
  const waiting = await givenPack(api.jobs, zoneOf(mine), { status: 'pending_validation' });
  const served = await packOf(api.jobs, await givenPack(api.jobs, zoneOf(mine), { status: 'active' }));
  assert.deepEqual((await told()).messages, []);
  await givenCopies(api.jobs, served, 1_100);
  const { result, messages } = await told();
  assert.deepEqual([result.length, result[0]?.cert_pack_uuid], [1_000, waiting]);
  assert.deepEqual(messages, [], 'as long as no more are counted');
  await api.jobs.pool.query('update zones set counts[17] = counts[17] + 1100 where id = $1', [
    zoneOf(mine).id,
  ]);
  const [message] = (await told()).messages;
  assert.deepEqual(message, {
    code: 2001,
    message:
      '1000 of 1102 certificate packs are shown, those first that are on their way; the list of packs has all',
  });
  await api.jobs.pool.query('update zones set counts[17] = counts[17] - 1100 where id = $1', [
    zoneOf(mine).id,
  ]);
  await api.jobs.pool.query('delete from packs where zone_id = $1 and ord > 2', [zoneOf(mine).id]);
});

it('retry=true looks at 100 packs at most, the next time at others', async () => {
  for (let i = 0; i < 130; i++) await givenPack(api.jobs, zoneOf(mine), { status: 'pending_validation' });
  const hurried = async () => {
    const { rows } = await api.jobs.pool.query<{ n: number }>(
      `select count(distinct pack_id)::int as n from audit where event = 'hurry' and zone_id = $1`,
      [zoneOf(mine).id],
    );
    return rows[0]?.n;
  };
  assert.deepEqual((await told('?retry=true')).messages, []);
  assert.equal(await hurried(), 0, 'what was ordered just now is not hurried');
  api.jobs.clock.advance(11);
  const { messages } = await told('?retry=true');
  assert.deepEqual([messages[0]?.code, await hurried()], [2002, 100]);
  assert.deepEqual((await told('?retry=true')).messages, []);
  assert.equal(await hurried(), 130);
  assert.deepEqual((await told('?retry=false')).messages, []);
});

it('is told to whoever may read, and changed by whoever may write', async () => {
  const id = await givenPack(api.jobs, zoneOf(mine), { status: 'pending_validation' });
  const reader = await tokenFor(api.jobs, { accountId: mine.id });
  assert.equal((await told('', reader)).status, 200);
  const [hurried, changed] = [await told('?retry=true', reader), await patch(id, HTTP, reader)];
  assert.deepEqual([hurried.status, changed.status, changed.code], [403, 403, 9109]);
  assert.match(changed.message, /'SSL and Certificates Write'/);
  const policies = [allow(['Zone Read'], resources({ zones: [zoneOf(mine).id] }))];
  const { value } = await made(api.url, mine.token, { policies });
  assert.deepEqual([(await told('', value)).status, (await patch(id, HTTP, value)).status], [403, 403]);
  assert.deepEqual(
    [(await told('', other.token)).status, (await patch(id, HTTP, other.token)).status],
    [404, 404],
  );
  const theirs = await send(api.url, ['PATCH', `${pathOf(other)}/${id}`], other.token, { body: HTTP });
  assert.deepEqual([theirs.status, theirs.code], [404, 1408]);
});

const HTTP = { validation_method: 'http' };

it('the change of a method is recorded with whoever made it', async () => {
  const id = await givenPack(api.jobs, zoneOf(mine), { status: 'pending_validation' });
  assert.equal((await patch(id, HTTP)).status, 200);
  const { rows } = await api.jobs.pool.query<{ actor_name: string }>(
    `select actor_name from audit where pack_id = $1 and event = 'change_method'`,
    [id],
  );
  assert.deepEqual(
    rows.map((row) => row.actor_name),
    ['owner'],
  );
});

it('a pack is changed so often and no more, by whichever field, and again after the time that is told', async () => {
  const id = await givenPack(api.jobs, zoneOf(mine), { status: 'pending_validation' });
  const pack = `/zones/${zoneOf(mine).id}/ssl/certificate_packs/${id}`;
  const change = (i: number) =>
    i % 2 === 0
      ? patch(id, { validation_method: i % 4 === 0 ? 'http' : 'txt' })
      : send(api.url, ['PATCH', pack], mine.token, { body: { cloudflare_branding: i % 4 === 1 } });
  for (let i = 0; i < 6; i++) assert.equal((await change(i)).status, 200);
  const stored = await packOf(api.jobs, id);
  for (const i of [6, 7]) {
    const { status, code, message } = await change(i);
    assert.deepEqual([status, code], [429, 971]);
    assert.match(message, /changed at most 6 times at once, and once more every 4 hours; this one can be in/);
  }
  const answer = await fetch(`${api.url}${pack}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${mine.token}`, 'content-type': 'application/json' },
    body: '{"cloudflare_branding":false}',
  });
  // The clock goes on while the other seven are asked for.
  const wait = Number(answer.headers.get('retry-after'));
  assert(answer.status === 429 && wait > 14_340 && wait <= 14_400, `${answer.status}, ${wait}`);
  assert.deepEqual(await packOf(api.jobs, id), stored);
  assert.equal((await patch(id, HTTP)).status, 200, 'what changes nothing is taken');
  const another = await givenPack(api.jobs, zoneOf(mine), { status: 'pending_validation' });
  assert.equal((await patch(another, HTTP)).status, 200, 'each pack has its own');
  api.jobs.clock.advance(14_400);
  assert.equal((await patch(id, { validation_method: 'txt' })).status, 200);
  assert.equal((await patch(id, HTTP)).status, 429);
});

it('a pack that has all its certificates is changed no oftener: it is renewed for each change', async () => {
  const id = await givenPack(api.jobs, zoneOf(mine), { status: 'active' });
  await givenCertificates(api.jobs, id);
  const pack = `/zones/${zoneOf(mine).id}/ssl/certificate_packs/${id}`;
  const patched = async (cloudflare_branding: boolean) =>
    (await send(api.url, ['PATCH', pack], mine.token, { body: { cloudflare_branding } })).status;
  for (let i = 0; i < 6; i++) assert.equal(await patched(i % 2 === 0), 200);
  assert.equal(await patched(false), 200, 'what changes nothing is taken');
  assert.equal(await patched(true), 429);
});

it('a pack is hurried so often and no more: its time stays as it is then', async () => {
  const id = await givenPack(api.jobs, zoneOf(mine), { status: 'pending_validation' });
  const hurries = async () => {
    const { rows } = await api.jobs.pool.query<{ n: number }>(
      `select count(*)::int as n from audit where event = 'hurry' and pack_id = $1`,
      [id],
    );
    return rows[0]?.n;
  };
  for (let i = 0; i < 40; i++) {
    api.jobs.clock.advance(11);
    const answer = i % 2 === 0 ? await patch(id, { validation_method: 'txt' }) : await told('?retry=true');
    assert.equal(answer.status, 200);
  }
  assert.equal(await hurries(), 33, '30 at once, and one more for each two minutes of these seven');
});

const BAD: readonly (readonly [string, object | undefined, string])[] = [
  ['no body', undefined, ''],
  ['no method', {}, '/validation_method'],
  ['a method that is none', { validation_method: 'phone' }, '/validation_method'],
  ['null', { validation_method: null }, '/validation_method'],
  ['a CNAME where nothing can be delegated', { validation_method: 'cname' }, '/validation_method'],
];
for (const [what, body, pointer] of BAD) {
  it(`${what} is refused with a pointer, and nothing is changed`, async () => {
    const id = await givenPack(api.jobs, zoneOf(mine), { status: 'pending_validation' });
    const stored = await packOf(api.jobs, id);
    const answer = await patch(id, body);
    assert.deepEqual([answer.status, answer.pointer], [400, pointer], answer.message);
    assert.deepEqual(await packOf(api.jobs, id), stored);
  });
}

it('a pack without a CA has no method to change', async () => {
  const none = { certificateAuthority: undefined, validationMethod: undefined, validityDays: undefined };
  const id = await givenPack(api.jobs, zoneOf(mine), { status: 'active', type: 'sni_custom', ...none });
  assert.deepEqual((await told()).result, [
    { certificate_status: 'active', brand_check: false, cert_pack_uuid: id },
  ]);
  const { status, code, pointer } = await patch(id, HTTP);
  assert.deepEqual([status, code, pointer], [400, 1406, '/validation_method']);
});

it('what is no pack, no id or no retry is refused', async () => {
  const unknown = await patch('3822ff90-ea29-44df-9e55-21300bb9419b', HTTP);
  assert.deepEqual([unknown.status, unknown.code], [404, 1408]);
  const nonsense = await patch('quota', HTTP);
  assert.deepEqual([nonsense.status, nonsense.code], [400, 7003]);
  for (const query of ['retry=yes', 'retry=', 'retry=true&retry=true']) {
    const answer = await send(api.url, ['GET', `${pathOf(mine)}?${query}`], mine.token);
    assert.deepEqual([answer.status, answer.pointer], [400, '/retry'], query);
  }
});
