import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { MOST_BULK_JOBS } from '../pack/bulk.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import type { BulkJob, NewBulkJob } from '../store/bulk-job-row.ts';
import {
  cancelBulkJob,
  getBulkJob,
  getBulkJobByKey,
  insertBulkJob,
  lockBulkJobs,
} from '../store/bulk-jobs.ts';
import { type Tx, transaction } from '../store/store.ts';
import type { OperationDeps } from './operation.ts';

/** What a job is made from. */
export type BulkAsk = Omit<NewBulkJob, 'id' | 'createdOn'>;

/**
 * Makes a job that workers do, or gives the one that its key made before. Throws `quota_reached` where the account has too many
 * that are not at their end.
 */
export function createBulk(deps: OperationDeps, ask: BulkAsk): Promise<BulkJob> {
  return transaction(deps.pool, async (tx) => {
    const open = await lockBulkJobs(tx, ask.accountId);
    const known = ask.key === undefined ? undefined : await getBulkJobByKey(tx, ask.accountId, ask.key);
    if (known) return known;
    if (open >= MOST_BULK_JOBS)
      throw new Fault(
        'quota_reached',
        `the account has ${open} bulk jobs under way; wait for one, or cancel it`,
      );
    const job = { ...ask, id: newUuid(), createdOn: deps.clock.now() };
    await insertBulkJob(tx, job);
    await note(tx, deps, job, { event: 'create', actor: ask.actor });
    return found(await getBulkJob(tx, job));
  });
}

/** Has a job end once the batch in hand is done; one that ended stays as it is. Throws `bulk_job_not_found`. */
export function cancelBulk(
  deps: OperationDeps,
  key: Pick<BulkJob, 'accountId' | 'id'>,
  actor: Actor,
): Promise<BulkJob> {
  return transaction(deps.pool, async (tx) => {
    const job = found(await getBulkJob(tx, key));
    if (await cancelBulkJob(tx, key, deps.clock.now())) await note(tx, deps, job, { event: 'cancel', actor });
    return found(await getBulkJob(tx, key));
  });
}

/** The job. Throws `bulk_job_not_found` for none. */
export function found(job: BulkJob | undefined): BulkJob {
  if (job) return job;
  throw new Fault('bulk_job_not_found', 'the account has no bulk job of that id');
}

const note = (
  tx: Tx,
  { clock }: OperationDeps,
  { accountId, id, action }: Pick<BulkJob, 'accountId' | 'id' | 'action'>,
  what: { readonly event: string; readonly actor: Actor },
): Promise<void> =>
  recordAudit(tx, { ...what, accountId, resource: 'bulk_job', resourceId: id, name: action }, clock.now());
