/** Backups of packs, as whoever asks the API sees them; no worker, CA or edge is there. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it, type TestContext } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { documentedRows } from '../../src/ca/configuration.ts';
import { NO_BACKUPS } from '../../src/operation/insert-backup.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import { startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { clear } from '../support/job-deps.ts';
import { givenOwner } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let mine: TestAccount;
before(async () => {
  api = await startApi(ends);
});
beforeEach(async () => {
  await clear(api.jobs);
  mine = await givenOwner(api, ['mine.example']);
});
after(() => ends.disposeAsync());

interface PackJson {
  readonly id: string;
  readonly status: string;
  readonly certificate_authority: string;
  readonly validity_days: number;
  readonly backup_pack?: string;
  readonly backup_of?: string;
}
interface Answer<T> {
  readonly status: number;
  readonly result: T;
  readonly code: number | undefined;
  readonly pointer: string | undefined;
  readonly total: number | undefined;
}
interface Ask {
  <T = PackJson>(method: string, path?: string, body?: object, token?: string): Promise<Answer<T>>;
}

const ALL = new Map([
  ['google', documentedRows.google],
  ['lets_encrypt', documentedRows.lets_encrypt],
  ['ssl_com', documentedRows.ssl_com],
] as const);

/** Asks for packs of the zone of the account. */
async function given(t: TestContext, changes: Partial<ApiDeps> = {}): Promise<Ask> {
  const app = await buildApi({ ...api.deps, rows: ALL, ...changes });
  t.after(() => app.close());
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  return async (method, path = '', body, token = mine.token) => {
    const answer = await fetch(`${url}/zones/${mine.zones[0]?.id}/ssl/certificate_packs${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const { result, errors, result_info: info } = JSON.parse(await answer.text());
    const [error] = errors;
    const { status } = answer;
    return { status, result, code: error?.code, pointer: error?.source?.pointer, total: info?.total_count };
  };
}

const order = (ask: Ask, change: object = {}) =>
  ask('POST', '/order', {
    type: 'advanced',
    hosts: ['mine.example'],
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 90,
    ...change,
  });

it('an order with a backup makes a pack of another CA beside it, and only the list of all shows either', async (t) => {
  const ask = await given(t);
  const { status, result: pack } = await order(ask, { backup: true });
  assert.equal(status, 200);
  const { result: backup } = await ask('GET', `/${pack.backup_pack}`);
  assert.deepEqual(
    [backup.backup_of, backup.certificate_authority, backup.validity_days, backup.status],
    [pack.id, 'google', 90, 'initializing'],
  );
  assert.equal((await ask<PackJson[]>('GET')).total, 0);
  const { result, total } = await ask<PackJson[]>('GET', '?status=all');
  assert.deepEqual([result.map(({ id }) => id), total], [[pack.id, backup.id], 2]);
});

it('the CA is the first that the operator wants, that is not the pack’s and that issues for its hosts', async (t) => {
  const cases = [
    [['ssl_com', 'google'], {}, 'ssl_com'],
    [['lets_encrypt', 'google'], {}, 'google'],
    [[], { hosts: ['bücher.mine.example'] }, 'ssl_com'],
    [[], { certificate_authority: 'google' }, 'lets_encrypt'],
    [['lets_encrypt'], { certificate_authority: 'google', validity_days: 30 }, 'lets_encrypt'],
  ] as const;
  for (const [preferred, change, ca] of cases) {
    const ask = await given(t, { backups: { ...NO_BACKUPS, preferred } });
    const { result } = await order(ask, { ...change, backup: true });
    const { result: backup } = await ask('GET', `/${result.backup_pack}`);
    assert.equal(backup.certificate_authority, ca);
    assert.equal(backup.validity_days, 90, 'as ordered, or what the CA has');
  }
});

it('a backup that no CA issues is refused where it is asked for, and left out where it is only usual', async (t) => {
  const backups = { ...NO_BACKUPS, accounts: [mine.id] };
  const rows = new Map([['lets_encrypt', documentedRows.lets_encrypt]] as const);
  const ask = await given(t, { rows, backups });
  const { status, code, pointer } = await order(ask, { backup: true });
  assert.deepEqual([status, code, pointer], [400, 1434, '/backup']);
  const usual = await order(ask);
  assert.deepEqual([usual.status, usual.result.backup_pack], [200, undefined]);
});

it('an account of which the operator says so has backups, but for orders that want none', async (t) => {
  const ask = await given(t, { backups: { ...NO_BACKUPS, accounts: [mine.id] } });
  assert.notEqual((await order(ask)).result.backup_pack, undefined);
  assert.equal((await order(ask, { backup: false })).result.backup_pack, undefined);
  const other = await given(t);
  assert.equal((await order(other)).result.backup_pack, undefined);
});

it('backups count in no quota', async (t) => {
  for (const quota of ['packs', 'zonePacks'] as const) {
    await clear(api.jobs);
    mine = await givenOwner(api, ['mine.example']);
    const ask = await given(t, { quotas: { ...NO_QUOTAS, [quota]: 2 } });
    for (let i = 0; i < 2; i++) assert.equal((await order(ask, { backup: true })).status, 200);
    const third = await order(ask);
    assert.deepEqual([third.status, third.code], [403, 1405]);
    const { result } = await ask<{ advanced: object }>('GET', '/quota');
    assert.deepEqual(result.advanced, { allocated: 2, used: 2 });
  }
});

it('a pack is given a backup later, and one is taken away', async (t) => {
  const ask = await given(t);
  const { id } = (await order(ask)).result;
  const added = await ask('PATCH', `/${id}`, { backup: true });
  const again = await ask('PATCH', `/${id}`, { backup: true });
  assert.equal(added.status, 200);
  assert.equal(again.result.backup_pack, added.result.backup_pack);
  const ofBackup = await ask('PATCH', `/${added.result.backup_pack}`, { backup: true });
  assert.deepEqual([ofBackup.status, ofBackup.code, ofBackup.pointer], [400, 1406, '/backup']);
  const removed = await ask('PATCH', `/${id}`, { backup: false });
  assert.deepEqual([removed.status, removed.result.backup_pack], [200, undefined]);
  const { result: gone } = await ask('GET', `/${added.result.backup_pack}`);
  assert.equal(gone.status, 'pending_deletion');
});

it('a backup alone is deleted, and goes with its pack', async (t) => {
  const ask = await given(t);
  const [one, two] = [
    (await order(ask, { backup: true })).result,
    (await order(ask, { backup: true })).result,
  ];
  assert.equal((await ask('DELETE', `/${one.backup_pack}`)).status, 200);
  assert.equal((await ask('GET', `/${one.id}`)).result.backup_pack, undefined);
  assert.equal((await ask('DELETE', `/${two.id}`)).status, 200);
  assert.equal((await ask('GET', `/${two.backup_pack}`)).result.status, 'pending_deletion');
});

it('failover says why it cannot be: no such pack, no backup, one that is not issued, no permission', async (t) => {
  const ask = await given(t);
  const alone = (await order(ask)).result.id;
  const { id, backup_pack: backup } = (await order(ask, { backup: true })).result;
  const codeOf = async (path: string, token?: string) => {
    const { status, code } = await ask('POST', `/${path}/failover`, {}, token);
    return [status, code];
  };
  assert.deepEqual(await codeOf('no-id'), [400, 7003]);
  assert.deepEqual(await codeOf('3822ff90-ea29-44df-9e55-21300bb9419b'), [404, 1408]);
  assert.deepEqual(await codeOf(alone), [400, 1420]);
  assert.deepEqual(await codeOf(id), [400, 1421]);
  assert.deepEqual(await codeOf(backup ?? ''), [400, 1421]);
  const reader = await tokenFor(api.jobs, { accountId: mine.id });
  assert.deepEqual(await codeOf(id, reader), [403, 9109]);
});
