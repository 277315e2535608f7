/** Exports of more than a client takes at once, and what breaks them off. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import Fastify from 'fastify';
import { exportRoutes } from '../../src/api/resource/export.ts';
import { EXPORT_BATCH } from '../../src/store/list/export.ts';
import { transaction } from '../../src/store/store.ts';
import { hashOf } from '../../src/store/tokens.ts';
import { createZone, getZone, hideZone } from '../../src/store/zones.ts';
import { givenPacks } from '../support/account.ts';
import {
  givenAccount,
  givenCopies,
  startApi,
  type TestAccount,
  type TestApi,
  tokenFor,
  watchReader,
} from '../support/api.ts';
import { exported, openExport, readLines } from '../support/export.ts';
import { packOf } from '../support/job-deps.ts';
import { until } from '../support/world.ts';

let api: TestApi;
let account: TestAccount;
const ends = new AsyncDisposableStack();
const PACKS = 10 * EXPORT_BATCH;

/** Ten batches of 6 MB each: the buffers of a connection hold less than two. */
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['large.test']);
  const [first = ''] = await givenPacks(api, account.zones[0], [{}]);
  await givenCopies(api.jobs, await packOf(api.jobs, first), PACKS - 1, 30_000);
});
after(() => ends.disposeAsync());

const ofZone = (query = '') => `/zones/${account.zones[0]?.id}/ssl/certificate_packs/export${query}`;

/** Counts the batches that are read from now on. */
function countBatches(t: TestContext): { readonly read: number } {
  const counter = { read: 0 };
  watchReader(t, api, ({ text }) => {
    if (text.includes('unnest($1::smallint[], $2::text[], $3::bigint[])')) counter.read += 1;
  });
  return counter;
}

test('a slow client does not make the service read ahead, nor keep a transaction open', async (t) => {
  const batches = countBatches(t);
  const response = await openExport(api, ofZone(), account.token);
  const settled = await until(
    async () => {
      const { read } = batches;
      await delay(300);
      return { isSettled: read > 0 && batches.read === read, read };
    },
    ({ isSettled }) => isSettled,
  );
  assert.ok(settled.read <= 4, `${settled.read} of 10 batches were read for a client that took none`);
  const { rows } = await api.jobs.pool.query(
    `select 1 from pg_stat_activity where state like 'idle in%' and datname = current_database()`,
  );
  assert.equal(rows.length, 0);
  const { lines, isWhole } = await readLines(response);
  assert.equal(isWhole, true);
  assert.deepEqual(lines.at(-1), { end: true, count: PACKS });
  assert.equal(new Set(lines.map(({ cursor }) => cursor)).size, PACKS + 1);
});

test('a client that goes away ends its export', async (t) => {
  const batches = countBatches(t);
  const response = await openExport(api, ofZone(), account.token);
  response.destroy();
  await delay(500);
  const { read } = batches;
  assert.ok(read >= 1 && read <= 4, `${read} batches were read`);
  await delay(300);
  assert.equal(batches.read, read);
});

test('a zone that is deleted while its account is exported is left out from then on', async () => {
  const { pool, clock } = api.jobs;
  clock.advance(1);
  const late = { accountId: account.id, name: 'late.test', type: 'full' } as const;
  const id = await transaction(pool, (tx) => createZone(tx, late, clock.now()));
  const zone = await getZone(pool, account.id, id);
  await givenPacks(api, zone, [{}, {}]);
  const path = `/accounts/${account.id}/ssl/certificate_packs/export`;
  const whole = await exported(api, path, account);
  assert.equal(whole.lines.at(-1)?.count, PACKS + 2, JSON.stringify(whole.lines.at(-1))?.slice(0, 500));
  const response = await openExport(api, path, account.token);
  await transaction(pool, (tx) => hideZone(tx, account.id, id, clock.now()));
  const { lines } = await readLines(response);
  assert.deepEqual(lines.at(-1), { end: true, count: PACKS });
});

test('a failure in the middle leaves the export unfinished, and what came can be gone on with', async (t) => {
  let batch = 0;
  watchReader(t, api, ({ text }) => {
    if (text.includes('rest.i') && (batch += 1) === 4) throw new Error('the database went away');
  });
  const { lines, isWhole } = await exported(api, ofZone(), account);
  assert.equal(isWhole, false, 'the end that HTTP knows has not come');
  assert.equal(lines.length, 3 * EXPORT_BATCH);
  assert.equal(lines.at(-1)?.end, undefined);
  const rest = await exported(api, ofZone(`?cursor=${lines.at(-1)?.cursor}`), account);
  assert.deepEqual(rest.lines.at(-1), { end: true, count: PACKS - lines.length });
});

test('a failure before the first line is answered as every failure', async (t) => {
  watchReader(t, api, ({ text }) => {
    if (text.includes('rest.i')) throw new Error('Connection terminated unexpectedly');
  });
  const response = await api.get(ofZone(), account.token);
  assert.equal(response.status, 503);
  assert.match(await response.text(), /"success":false/);
});

test('an export gets no further batch when its token is gone', async () => {
  const token = await tokenFor(api.jobs, { accountId: account.id, zones: [account.zones[0]?.id ?? ''] });
  const response = await openExport(api, ofZone(), token);
  await api.jobs.pool.query('delete from tokens where hash = $1', [hashOf(token)]);
  const { lines, isWhole } = await readLines(response);
  assert.equal(isWhole, false);
  assert.ok(lines.length < PACKS);
});

test('a client that takes nothing is not waited for without end, and none holds up the end of the service', {
  timeout: 20_000,
}, async (t) => {
  const app = Fastify();
  t.after(() => app.close());
  await app.register(exportRoutes(api.deps, 1));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const stalled = await openExport({ ...api, url }, ofZone(), account.token);
  await delay(2_500);
  const { isWhole } = await readLines(stalled);
  assert.equal(isWhole, false);
  const running = await openExport({ ...api, url }, ofZone(), account.token);
  const [{ isWhole: isRunToItsEnd }] = await Promise.all([readLines(running), app.close()]);
  assert.equal(isRunToItsEnd, false);
});
