/** Bulk jobs as workers do them: batch by batch, each stored before it is touched. */
import type { PackKey } from '../pack/pack.ts';
import {
  BULK_JOB_COLUMNS,
  type BulkFailure,
  type BulkJob,
  type BulkJobRow,
  keyOf,
  pairsOf,
  THIS,
  toBulkJob,
} from './bulk-job-row.ts';
import type { Place } from './list/account-list.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { inCells } from './zone-key.ts';

/** Takes the job of some cells that has been due longest, until `until`: whoever takes it is alone with it so long. */
export async function takeBulkJob(
  db: Db,
  what: { readonly cells: readonly number[]; readonly now: Date; readonly until: Date },
): Promise<BulkJob | undefined> {
  const { rows } = await execute<BulkJobRow>(db, TAKE, what);
  return rows[0] && toBulkJob(rows[0]);
}

const TAKE = statement(`
  update bulk_jobs set due_at = :until, claim = claim + 1
   where ${inCells('bulk_jobs')} and (cell, account_id, id) in (
     select cell, account_id, id from bulk_jobs
      where ${inCells('bulk_jobs')} and due_at <= :now
      order by due_at limit 1 for update skip locked)
  returning ${BULK_JOB_COLUMNS}`);

/** The packs that are next, and what is behind them; no place: nothing is. */
export interface BulkBatch {
  readonly packs: readonly PackKey[];
  readonly next: Place | undefined;
}

/** Stores a batch before any of it is touched. False: another took the job, or it was cancelled. */
export async function putBulkBatch(
  db: Db,
  job: BulkJob,
  { packs, next }: BulkBatch,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await execute(db, PUT, {
    ...keyOf(job),
    claim: job.claim,
    batch: pairsOf(packs),
    place: JSON.stringify(next ?? job.place ?? null),
    is_last: next === undefined,
    now,
  });
  return rowCount === 1;
}

const PUT = statement(`
  update bulk_jobs set batch = :batch, place = :place, is_last = :is_last, batch_on = :now
   where ${THIS} and claim = :claim and status = 'running'`);

/** What came of a batch. */
export interface BulkOutcome {
  readonly done: number;
  readonly failures: readonly BulkFailure[];
}

/** Counts a batch, keeps its refusals, and makes the job due for the next one, or ends it. Nothing where another took it. */
export async function settleBulkBatch(
  db: Db,
  job: BulkJob,
  { done, failures }: BulkOutcome,
  { now, mostKept }: { readonly now: Date; readonly mostKept: number },
): Promise<void> {
  const byCode = { ...job.failuresByCode };
  for (const { code } of failures) byCode[code] = (byCode[code] ?? 0) + 1;
  const kept = failures.slice(0, Math.max(mostKept - job.failed, 0));
  await execute(db, SETTLE, {
    ...keyOf(job),
    claim: job.claim,
    done,
    failed: failures.length,
    by_code: JSON.stringify(byCode),
    now,
    packs: kept.map(({ pack }) => pack.id),
    zones: kept.map(({ pack }) => pack.zone.id),
    codes: kept.map(({ code }) => code),
    messages: kept.map(({ message }) => message),
  });
}

const ENDS = "(is_last or status = 'cancelling')";
const SETTLE = statement(`
  with settled as (
    update bulk_jobs set done = done + :done, failed = failed + :failed, failures_by_code = :by_code, batch = null,
      batch_on = null,
      status = case when status = 'cancelling' then 'cancelled' when is_last then 'finished' else status end,
      finished_on = case when ${ENDS} then :now::timestamptz end,
      due_at = case when ${ENDS} then null else :now::timestamptz end
     where ${THIS} and claim = :claim returning id)
  insert into bulk_failures (cell, account_id, job_id, pack_id, pack_zone, code, message)
  select :cell, :account, settled.id, one.pack, one.zone, one.code, one.message
    from settled, unnest(:packs::uuid[], :zones::text[], :codes::integer[], :messages::text[])
      as one (pack, zone, code, message)
  on conflict do nothing`);

/** Ends a job whose token may no longer. */
export async function stopBulkJob(db: Db, job: BulkJob, why: string, now: Date): Promise<void> {
  await execute(db, STOP, { ...keyOf(job), claim: job.claim, why, now });
}

const STOP = statement(`
  update bulk_jobs set status = 'stopped', stopped_because = :why, finished_on = :now, due_at = null, batch = null
   where ${THIS} and claim = :claim`);

/** Those of some packs that a request changed since an instant, by the record of what was done. */
export async function listTouched(
  db: Db,
  job: BulkJob,
  packs: readonly PackKey[],
  since: Date,
): Promise<Set<string>> {
  const { rows } = await execute<{ id: string }>(db, TOUCHED, {
    account: job.accountId,
    since,
    request: job.id,
    ids: packs.map(({ id }) => id),
  });
  return new Set(rows.map(({ id }) => id));
}

const TOUCHED = statement(`
  select distinct coalesce(pack_id::text, resource_id) as id from audit
   where account_id = :account and made_on >= :since and actor <> 'worker' and request = :request
     and coalesce(pack_id::text, resource_id) = any(:ids::text[])`);
