/** Many packs and their backups change places, each pair once, whatever a job meets on its way. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { workBulk } from '../../src/job/periodic/bulk.ts';
import { after as later, minutes } from '../../src/kit/time.ts';
import { takeBulkJob } from '../../src/store/bulk-batches.ts';
import { getBulkJob } from '../../src/store/bulk-jobs.ts';
import { EVERY_CELL } from '../../src/store/zone-key.ts';
import { apiOn, type TestApi } from '../support/api.ts';
import { givenBackedActive, givenTwoCas } from '../support/backed.ts';
import { sendBulk, writerFor } from '../support/bulk.ts';
import { packOf, startJobDeps, type TestJobDeps } from '../support/job-deps.ts';

let plain: TestJobDeps;
let api: TestApi;
const ends = new AsyncDisposableStack();
before(async () => {
  plain = await startJobDeps(ends);
  api = await apiOn(ends, plain);
});
after(() => ends.disposeAsync());

it('a pack that went to its backup is not put back by the same job, which meets the backup too, and begins anew', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  const { accountId } = ids.zone;
  const token = await writerFor(plain, accountId);
  const ask = { accountId, token };
  const body = { action: 'failover', filter: { zone_id: ids.zone.id } };
  const { result: dry } = await sendBulk(api.url, { ...ask, body: { ...body, dry_run: true } });
  assert.equal(dry.count, 2);
  const { result } = await sendBulk(api.url, { ...ask, body: { ...body, expected_count: 2 } });
  const go = () => workBulk(deps, () => undefined, new AbortController().signal);
  deps.clock.advance(minutes(1));
  await go();
  const isSwapped = async () => (await packOf(deps, ids.id)).pair?.isStandby;
  assert.equal(await isSwapped(), true);
  // As if a worker had been killed before it counted its batch.
  await deps.pool.query(
    `update bulk_jobs set batch = $1, batch_on = $2, status = 'running', done = 0, finished_on = null, due_at = $2`,
    [
      JSON.stringify([
        [ids.zone.id, ids.id],
        [ids.zone.id, ids.backupId],
      ]),
      deps.clock.now(),
    ],
  );
  await deps.pool.query("delete from audit where event <> 'create'");
  deps.clock.advance(minutes(5));
  await go();
  assert.equal(await isSwapped(), true, 'after the two minutes in which a call is a repetition');
  const job = await getBulkJob(deps.pool, { accountId, id: result.id });
  assert.deepEqual([job?.status, job?.done], ['finished', 2]);
  const now = deps.clock.now();
  assert.equal(await takeBulkJob(deps.pool, { cells: EVERY_CELL, now, until: later(now, 60) }), undefined);
});
