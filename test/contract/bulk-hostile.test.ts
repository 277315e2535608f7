/** Bodies of bulk jobs that are wrong. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { sendBulk, writerFor } from '../support/bulk.ts';

let api: TestApi;
let account: TestAccount;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['hostile-bulk.test']);
});
after(() => ends.disposeAsync());

const HOSTILE: readonly (readonly [unknown, string])[] = [
  [{}, ''],
  [[], ''],
  [{ action: 'delete', filter: { status: 'all' } }, '/action'],
  [{ action: 'restart' }, '/filter'],
  [{ action: 'restart', filter: {} }, '/filter'],
  [{ action: 'restart', filter: { status: 'served' } }, '/filter/status'],
  [{ action: 'restart', filter: { status: 1 } }, '/filter/status'],
  [{ action: 'restart', filter: { page: '1' } }, '/filter/page'],
  [{ action: 'restart', filter: { host: 'a..b' } }, '/filter/host'],
  [{ action: 'restart', filter: { host: 'a\0.test' } }, '/filter/host'],
  [{ action: 'restart', filter: { zone_id: "' or 1=1" } }, '/filter/zone_id'],
  [{ action: 'restart', filter: { expires_before: 'soon' } }, '/filter/expires_before'],
  [{ action: 'restart', filter: { status: 'all' }, packs: [] }, '/packs'],
  [{ action: 'restart', packs: [{ zone_id: 'x', id: 'y' }] }, '/packs/0/id'],
  [
    { action: 'restart', packs: [{ zone_id: 'x', id: '00000000-0000-4000-8000-000000000000' }] },
    '/packs/0/zone_id',
  ],
  [{ action: 'restart', packs: 'all' }, '/packs'],
  [{ action: 'restart', filter: { status: 'all' }, expected_count: -1 }, '/expected_count'],
  [{ action: 'restart', filter: { status: 'all' }, expected_count: 1e12 }, '/expected_count'],
  [{ action: 'restart', filter: { status: 'all' }, tolerance: 'x' }, '/tolerance'],
  [{ action: 'restart', filter: { status: 'all' }, dry_run: 'yes' }, '/dry_run'],
  [{ action: 'revoke', filter: { status: 'all' }, reason: 'dull' }, '/reason'],
  [{ action: 'restart', filter: { status: 'all' }, expected_count: 0, reason: 'superseded' }, '/reason'],
  [{ action: 'restart', filter: { status: 'all' }, nonsense: 1 }, '/nonsense'],
];
it('a body that is wrong is refused with a pointer, and begins nothing', async () => {
  const token = await writerFor(api.jobs, account.id);
  for (const [body, pointer] of HOSTILE) {
    const answer = await sendBulk(api.url, { accountId: account.id, token, body });
    assert(answer.status >= 400 && answer.status < 500, JSON.stringify(body));
    assert(answer.pointer !== undefined, JSON.stringify(body));
    if (pointer !== '') assert.equal(answer.pointer, pointer, JSON.stringify(body));
  }
  const { rows } = await api.jobs.pool.query('select from bulk_jobs');
  assert.equal(rows.length, 0);
  for (const id of ['x', "1' or '1", '00000000-0000-4000-8000-000000000000']) {
    const ask = { accountId: account.id, token, method: 'GET', path: `/${encodeURIComponent(id)}` } as const;
    assert.equal((await sendBulk(api.url, ask)).code, 1441);
  }
});
