/** Operations on many packs of an account that are under way, and those that ended of late. */
import {
  BULK_JOB_COLUMNS,
  type BulkFailure,
  type BulkJob,
  type BulkJobRow,
  type JobKey,
  keyOf,
  type NewBulkJob,
  OF_ACCOUNT,
  pairsOf,
  THIS,
  toBulkJob,
} from './bulk-job-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { cellOf } from './zone-key.ts';

/** Lets nobody else make a job of the account until the transaction ends. How many are not at their end. */
export async function lockBulkJobs(tx: Tx, accountId: string): Promise<number> {
  await execute(tx, LOCK, { account: accountId });
  const { rows } = await execute<{ n: number }>(tx, OPEN, { cell: cellOf(accountId), account: accountId });
  return rows[0]?.n ?? 0;
}

const LOCK = statement('select from accounts where id = :account for no key update');
const OPEN = statement(
  `select count(*)::int as n from bulk_jobs where ${OF_ACCOUNT} and finished_on is null`,
);

/** Stores a new job, due at once. */
export async function insertBulkJob(tx: Tx, job: NewBulkJob): Promise<void> {
  await execute(tx, INSERT, {
    ...keyOf(job),
    action: job.action,
    reason: job.reason ?? null,
    filter: job.filter ? JSON.stringify(job.filter) : null,
    which: job.which ? JSON.stringify(job.which) : null,
    packs: job.packs ? pairsOf(job.packs) : null,
    token: job.tokenId,
    actor: JSON.stringify(job.actor),
    key: job.key ?? null,
    matched: job.matched,
    now: job.createdOn,
  });
}

const INSERT = statement(`
  insert into bulk_jobs (cell, account_id, id, action, reason, filter, which, packs, token_id, actor, idempotency_key,
    status, matched, created_on, due_at)
  values (:cell, :account, :id, :action, :reason, :filter, :which, :packs, :token, :actor, :key, 'running', :matched,
    :now, :now)`);

/** A job of an account, or undefined. */
export async function getBulkJob(db: Db, key: JobKey): Promise<BulkJob | undefined> {
  const { rows } = await execute<BulkJobRow>(db, GET, keyOf(key));
  return rows[0] && toBulkJob(rows[0]);
}

const GET = statement(`select ${BULK_JOB_COLUMNS} from bulk_jobs where ${THIS}`);

/** The job that an Idempotency-Key made, or undefined. */
export async function getBulkJobByKey(db: Db, accountId: string, key: string): Promise<BulkJob | undefined> {
  const { rows } = await execute<BulkJobRow>(db, BY_KEY, {
    cell: cellOf(accountId),
    account: accountId,
    key,
  });
  return rows[0] && toBulkJob(rows[0]);
}

const BY_KEY = statement(
  `select ${BULK_JOB_COLUMNS} from bulk_jobs where ${OF_ACCOUNT} and idempotency_key = :key`,
);

/** The last jobs of an account, the newest first. */
export async function listBulkJobs(db: Db, accountId: string, limit: number): Promise<BulkJob[]> {
  const { rows } = await execute<BulkJobRow>(db, LIST, {
    cell: cellOf(accountId),
    account: accountId,
    limit,
  });
  return rows.map(toBulkJob);
}

const LIST = statement(
  `select ${BULK_JOB_COLUMNS} from bulk_jobs where ${OF_ACCOUNT} order by created_on desc, id limit :limit`,
);

/** Packs that a job was refused, by zone and id, at most `limit`. */
export async function listBulkFailures(db: Db, key: JobKey, limit: number): Promise<BulkFailure[]> {
  const { rows } = await execute<{ pack_zone: string; pack_id: string; code: number; message: string }>(
    db,
    FAILURES,
    { ...keyOf(key), limit },
  );
  return rows.map(({ pack_zone: zone, pack_id: id, code, message }) => ({
    pack: { id, zone: { id: zone } },
    code,
    message,
  }));
}

const FAILURES = statement(`
  select pack_zone, pack_id, code, message from bulk_failures
   where ${OF_ACCOUNT} and job_id = :id order by pack_zone, pack_id limit :limit`);

/** Has a job end: at once where no batch is in hand. False: it ended before, or is to end already, and stays as it is. */
export async function cancelBulkJob(db: Db, key: JobKey, now: Date): Promise<boolean> {
  const { rowCount } = await execute(db, CANCEL, { ...keyOf(key), now });
  return rowCount === 1;
}

const CANCEL = statement(`
  update bulk_jobs set
    status = case when batch is null then 'cancelled' else 'cancelling' end,
    finished_on = case when batch is null then :now::timestamptz end,
    due_at = case when batch is null then null else due_at end
   where ${THIS} and status = 'running'`);

/** Forgets jobs that ended before `instant`. */
export async function purgeBulkJobs(db: Db, instant: Date): Promise<void> {
  await db.query('delete from bulk_jobs where finished_on < $1', [instant]);
}
