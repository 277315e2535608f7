/** Each statement on a bulk job finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { cutTables, pieceOf } from '../../test/support/partitioned.ts';
import { cancelBulk, createBulk } from '../operation/create-bulk.ts';
import type { PackZone } from '../pack/pack.ts';
import { OPERATOR } from './audit.ts';
import { putBulkBatch, settleBulkBatch, stopBulkJob, takeBulkJob } from './bulk-batches.ts';
import { getBulkJobByKey, listBulkFailures, listBulkJobs } from './bulk-jobs.ts';
import { cellOf } from './zone-key.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let zone: PackZone;
const seen: Explained[] = [];
before(async () => {
  const plain = await startJobDeps(ends);
  await cutTables(plain.pool);
  zone = await givenZone(plain, 'zone.test');
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  deps = { ...plain, pool };
});
after(() => ends.disposeAsync());

test('a bulk job is made, taken, settled, read and cancelled inside one piece: that of its account', async () => {
  const { accountId } = zone;
  const ask = {
    accountId,
    tokenId: 'x',
    actor: OPERATOR,
    action: 'restart',
    key: 'once',
    matched: 1,
  } as const;
  const pack = { id: '00000000-0000-4000-8000-000000000000', zone: { id: zone.id } };
  const { id } = await createBulk(deps, { ...ask, packs: [pack] });
  const now = deps.clock.now();
  const job = await takeBulkJob(deps.pool, { cells: [cellOf(accountId)], now, until: now });
  assert.equal(job?.id, id);
  assert(await putBulkBatch(deps.pool, job, { packs: [pack], next: undefined }, now));
  const outcome = { done: 0, failures: [{ pack, code: 1408, message: 'not there' }] };
  await settleBulkBatch(deps.pool, job, outcome, { now, mostKept: 10 });
  assert.equal((await listBulkFailures(deps.pool, job, 10)).length, 1);
  assert.equal((await getBulkJobByKey(deps.pool, accountId, 'once'))?.status, 'finished');
  const other = await createBulk(deps, { ...ask, key: undefined, packs: [pack] });
  await cancelBulk(deps, other, OPERATOR);
  assert.equal((await listBulkJobs(deps.pool, accountId, 10)).length, 2);
  await stopBulkJob(deps.pool, job, 'why', now);
  const pieces = seen.flatMap(({ relations }) => relations.flatMap((name) => pieceOf(name) ?? []));
  assert.deepEqual(new Set(pieces.map(({ table }) => table)), new Set(['bulk_failures', 'bulk_jobs']));
  assert.equal(new Set(pieces.map(({ piece }) => piece)).size, 1);
});
