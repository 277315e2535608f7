/** What happened to a pack, as its owner reads it. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { amend } from '../../src/operation/advance.ts';
import { deletePack } from '../../src/operation/delete-pack.ts';
import { LIFECYCLE } from '../../src/pack/lifecycle.ts';
import { PACK_STATUSES } from '../../src/pack/pack.ts';
import { meaningOf } from '../../src/pack/pack-event.ts';
import { policyFor } from '../../src/pack/permission.ts';
import { transaction } from '../../src/store/store.ts';
import { createToken, insertToken, newSecret } from '../../src/store/tokens.ts';
import { givenAccount, startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import type { SeenEvent } from '../support/event-stream.ts';
import { givenPack, packOf } from '../support/job-deps.ts';
import { moveOn } from '../support/moving.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
let writer: string;
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['one.test', 'two.test']);
  const admin = { accountId: account.id, name: 'admin', access: 'write' } as const;
  writer = await createToken(api.jobs.pool, admin, api.jobs.clock.now());
});
after(() => ends.disposeAsync());

const zoneAt = (i: number) => account.zones[i] ?? assert.fail();

interface Listed {
  readonly success: boolean;
  readonly result: readonly (SeenEvent & {
    readonly kind: string;
    readonly token?: object;
    readonly details?: object;
  })[];
  readonly errors: readonly { readonly code: number; readonly source?: { readonly pointer: string } }[];
  readonly result_info: { readonly count: number; readonly cursor?: string };
}

async function ask(pack: string, query = '', { zone = zoneAt(0), token = account.token } = {}) {
  const answer = await api.get(`/zones/${zone.id}/ssl/certificate_packs/${pack}/events${query}`, token);
  const body: Listed = JSON.parse(await answer.text());
  return { status: answer.status, ...body };
}

it('tells each change of status: from what to what, why, and whose doing it was', async () => {
  const id = await givenPack(api.jobs, zoneAt(0));
  for (let i = 0; i < 4; i++) await moveOn(api.jobs, id);
  const path = `/zones/${zoneAt(0).id}/ssl/certificate_packs/${id}`;
  const headers = { authorization: `Bearer ${writer}`, 'content-type': 'application/json' };
  const asked = await fetch(api.url + path, { method: 'DELETE', headers });
  assert.equal(asked.status, 200);
  const { result, status } = await ask(id, '?direction=asc');
  assert.equal(status, 200);
  assert.deepEqual(
    result.map((one) => [one.kind, one.cause, one.owner, one.from_status, one.to_status]),
    [
      ['order', 'ordered', 'us', undefined, 'initializing'],
      ['status', 'challenges_named', 'ca', 'initializing', 'pending_validation'],
      ['status', 'control_shown', 'ca', 'pending_validation', 'pending_issuance'],
      ['status', 'certificates_issued', 'ca', 'pending_issuance', 'pending_deployment'],
      ['status', 'served_by_every_edge', 'us', 'pending_deployment', 'active'],
      ['status', 'deletion_asked', 'customer', 'active', 'pending_deletion'],
    ],
  );
  for (const one of result) assert.deepEqual([one.zone_id, one.certificate_pack_id], [zoneAt(0).id, id]);
  assert.deepEqual((await ask(id)).result, result.toReversed());
});

it('says what was wrong with the pack then', async () => {
  const id = await givenPack(api.jobs, zoneAt(0));
  const validationErrors = ['one.test: nothing is seen there; publish the record'];
  await transaction(api.jobs.pool, async (tx) =>
    amend(tx, api.jobs, await packOf(api.jobs, id), { validationErrors }),
  );
  const [latest] = (await ask(id)).result;
  assert.deepEqual([latest?.kind, latest?.details], ['change', { validation_errors: validationErrors }]);
});

it('names the token to whoever may know the tokens of the account, and to nobody else', async () => {
  const id = await givenPack(api.jobs, zoneAt(0));
  await deletePack(api.jobs, {
    zoneId: zoneAt(0).id,
    id,
    by: { id: 'f'.repeat(32), name: 'robot', address: '10.1.2.3' },
  });
  const [shown] = (await ask(id)).result;
  assert.deepEqual(shown?.token, { id: 'f'.repeat(32), name: 'robot' });
  const limited = await tokenFor(api.jobs, { accountId: account.id, zones: [zoneAt(0).id] });
  const { result, status } = await ask(id, '', { token: limited });
  assert.equal(status, 200);
  assert.deepEqual([result[0]?.owner, result[0]?.token], ['customer', undefined]);
  assert(!JSON.stringify([shown, result]).includes('10.1.2.3'), 'addresses are for the audit log alone');
});

it('is walked to its end by any page size, in both directions', async () => {
  const id = await givenPack(api.jobs, zoneAt(0));
  for (let i = 0; i < 4; i++) await moveOn(api.jobs, id);
  for (const direction of ['asc', 'desc'])
    for (const perPage of [1, 2, 5]) {
      const whole = (await ask(id, `?direction=${direction}`)).result;
      const seen: SeenEvent[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const page = await ask(
          id,
          `?direction=${direction}&per_page=${perPage}${cursor && `&cursor=${cursor}`}`,
        );
        seen.push(...page.result);
        cursor = page.result_info.cursor;
      }
      assert.equal(seen.length, 5);
      assert.deepEqual(seen, whole);
    }
});

it('outlives the pack, and knows none that was never there', async () => {
  const id = await givenPack(api.jobs, zoneAt(0));
  await api.jobs.pool.query('delete from packs where id = $1', [id]);
  assert.equal((await ask(id)).result.length, 1);
  const { status, errors } = await ask('11111111-2222-4333-8444-555555555555');
  assert.deepEqual([status, errors[0]?.code], [404, 1408]);
});

it('is not told to other accounts, other zones, nor to tokens that may not read packs', async () => {
  const id = await givenPack(api.jobs, zoneAt(0));
  const other = await givenAccount(api.jobs, ['other.test']);
  assert.equal((await ask(id, '', { token: other.token })).status, 404);
  assert.equal(
    (await ask(id, '', { zone: other.zones[0] ?? assert.fail(), token: other.token })).status,
    404,
  );
  assert.equal((await ask(id, '', { zone: zoneAt(1) })).status, 404);
  const limited = await tokenFor(api.jobs, { accountId: account.id, zones: [zoneAt(1).id] });
  assert.equal((await ask(id, '', { token: limited })).status, 403);
  const secret = newSecret();
  const policy = {
    ...policyFor('e'.repeat(32), 'read'),
    permissions: ['Zone Read', 'Account Settings Read'] as const,
  };
  await insertToken(
    api.jobs.pool,
    { accountId: account.id, name: 'x', policies: [policy] },
    secret,
    api.jobs.clock.now(),
  );
  assert.equal((await ask(id, '', { token: secret })).status, 403);
});

it('refuses what it does not know, with a pointer', async () => {
  const id = await givenPack(api.jobs, zoneAt(0));
  const another = await givenPack(api.jobs, zoneAt(0));
  await moveOn(api.jobs, another);
  const { result_info: info } = await ask(another, '?per_page=1');
  assert(info.cursor);
  for (const [query, pointer] of [
    ['direction=up', '/direction'],
    ['per_page=0', '/per_page'],
    ['per_page=1001', '/per_page'],
    ['page=2', '/page'],
    ['cursor=AAAA', '/cursor'],
    ['cursor=%00', '/cursor'],
    [`cursor=${info.cursor}`, '/cursor'],
    ['direction=asc&direction=asc', '/direction'],
  ]) {
    const { status, errors } = await ask(id, `?${query}`);
    assert.deepEqual([status, errors[0]?.source?.pointer], [400, pointer], query);
  }
  assert.equal((await ask('nonsense')).status, 400);
});

it('has a cause and an owner for every move of the table, and its own word for an event that it does not know', () => {
  for (const from of PACK_STATUSES) {
    const { job, done, late, on = {} } = LIFECYCLE[from];
    for (const [event, to] of Object.entries({ ...on, ...(done && { done }), ...(late && { late }) })) {
      const { cause, kind } = meaningOf({ event, actor: 'worker', from, to });
      assert(!['done', 'late'].includes(cause), `${from} ${event} (${job}): ${cause}`);
      assert.notEqual(kind, 'change');
    }
  }
  assert.deepEqual(meaningOf({ event: 'dance', actor: 'worker', from: null, to: null }), {
    kind: 'change',
    cause: 'dance',
    owner: 'us',
  });
  assert.equal(meaningOf({ event: 'deactivate', actor: 'operator', from: null, to: null }).owner, 'operator');
});
