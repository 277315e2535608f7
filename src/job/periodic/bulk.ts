/** Operations on many packs, a batch at a time: each pack by the operation that a client would call for it alone. */
import { FAULTS, Fault, wordsOf } from '../../kit/fault.ts';
import { after, type Seconds } from '../../kit/time.ts';
import { restartPack } from '../../operation/change-pack.ts';
import { failOver } from '../../operation/fail-over.ts';
import type { Wish } from '../../operation/locked-pack.ts';
import type { OperationDeps } from '../../operation/operation.ts';
import { MOST_SKEW } from '../../operation/pull-in.ts';
import { revokePack } from '../../operation/revoke-pack.ts';
import { type BulkAction, MOST_FAILURES } from '../../pack/bulk.ts';
import type { PackKey } from '../../pack/pack.ts';
import { isGrantedIn, type Policy } from '../../pack/permission.ts';
import {
  type BulkBatch,
  listTouched,
  putBulkBatch,
  settleBulkBatch,
  stopBulkJob,
  takeBulkJob,
} from '../../store/bulk-batches.ts';
import type { BulkFailure, BulkJob } from '../../store/bulk-job-row.ts';
import { listAccountKeys } from '../../store/list/account-keys.ts';
import type { Place } from '../../store/list/account-list.ts';
import { getGoodToken } from '../../store/tokens.ts';
import { unavailability } from '../../store/unavailable.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import { getZone } from '../../store/zones.ts';
import type { JobDeps } from '../job.ts';
import { report } from './repeat.ts';

const PERMISSION = 'SSL and Certificates Write';
/** Packs of a batch, and how many of them are under way at once. */
const [BATCH, AT_ONCE] = [40, 4];
/** Packs that are looked at for a batch, where few of them match. */
const MOST_LOOKED_AT = 2_000;
/** Batches in one go; then others have their turn. */
const MOST_AT_ONCE = 20;
/** How long whoever takes a job has for a batch, many times over. */
const TERM: Seconds = 120;
/** How often a pack that was changed meanwhile is tried. */
const TRIES = 3;

type Do = (deps: OperationDeps, wish: Wish, job: BulkJob) => Promise<unknown>;

/** By when the job was made it is known what it did already: a pair that changed places since then, by any process's clock, stays so. */
const ACTIONS: Readonly<Record<BulkAction, Do>> = {
  restart: (deps, wish) => restartPack(deps, wish),
  revoke: (deps, wish, { reason = 'unspecified' }) => revokePack(deps, { ...wish, reason }),
  failover: (deps, wish, { createdOn }) =>
    failOver(deps, { ...wish, unlessSince: after(createdOn, -MOST_SKEW) }),
};

/** Goes on with jobs that are due; `ring` tells the workers that packs may have become due. */
export async function workBulk(deps: JobDeps, ring: () => void, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < MOST_AT_ONCE && !signal.aborted; i++) {
    const now = deps.clock.now();
    const job = await takeBulkJob(deps.pool, { cells: EVERY_CELL, now, until: after(now, TERM) });
    if (!job) return;
    await goOn(deps, job);
    ring();
  }
}

async function goOn(deps: JobDeps, job: BulkJob): Promise<void> {
  const { pool, clock } = deps;
  const token = await getGoodToken(pool, job.accountId, job.tokenId, clock.now());
  if (!token) return stopBulkJob(pool, job, 'the token that began it is not valid any more', clock.now());
  // What was begun before a crash is told by the record of what was done: each change has one, written with it.
  const touched = job.batch && (await listTouched(pool, job, job.batch, job.batchOn ?? job.createdOn));
  const batch = job.batch ?? (await begin(deps, job));
  if (!batch) return;
  const left = batch.filter(({ id }) => !touched?.has(id));
  const failures: BulkFailure[] = [];
  for (let i = 0; i < left.length; i += AT_ONCE) {
    const some = left
      .slice(i, i + AT_ONCE)
      .map((pack) => doOne(deps, job, { pack, policies: token.policies }));
    failures.push(...(await Promise.all(some)).flatMap((failure) => failure ?? []));
  }
  const outcome = { done: batch.length - failures.length, failures };
  await settleBulkBatch(pool, job, outcome, { now: clock.now(), mostKept: MOST_FAILURES });
}

/** The next packs, stored before they are touched; undefined: the job is another's now, or was cancelled. */
async function begin(deps: JobDeps, job: BulkJob): Promise<readonly PackKey[] | undefined> {
  const batch = await nextBatch(deps, job);
  return (await putBulkBatch(deps.pool, job, batch, deps.clock.now())) ? batch.packs : undefined;
}

async function nextBatch({ pool }: JobDeps, job: BulkJob): Promise<BulkBatch> {
  if (job.packs) return namedBatch(job.packs, job.place?.seq ?? 0);
  if (!job.which) throw new Error(`bulk job ${job.id} has neither a filter nor packs`);
  // What is ordered while it is under way is none of its business.
  const filter = { ...job.which, createdBefore: job.createdOn };
  let from: Place | undefined = job.place;
  for (let looked = 0; ; looked += BATCH) {
    const { keys, next } = await listAccountKeys(pool, filter, { from, most: BATCH });
    if (keys.length > 0 || !next || looked >= MOST_LOOKED_AT) return { packs: keys, next };
    from = next;
  }
}

function namedBatch(packs: readonly PackKey[], first: number): BulkBatch {
  const end = first + BATCH;
  return { packs: packs.slice(first, end), next: end < packs.length ? { at: '', seq: end } : undefined };
}

interface One {
  readonly pack: PackKey;
  readonly policies: readonly Policy[];
}

const INTERNAL = { fault: 'internal' } as const;

/** Undefined: it is done. Throws where the database is away: the batch is gone on with later. */
async function doOne(deps: JobDeps, job: BulkJob, { pack, policies }: One): Promise<BulkFailure | undefined> {
  try {
    await checkZone(deps, job, { pack, policies });
    const by = { ...job.actor, request: job.id };
    await tried(() => ACTIONS[job.action](deps, { zoneId: pack.zone.id, id: pack.id, by }, job));
    return undefined;
  } catch (error) {
    if (unavailability(error)) throw error;
    if (!(error instanceof Fault)) report(deps, error, `${job.action} of certificate pack ${pack.id}`);
    const { fault } = error instanceof Fault ? error : INTERNAL;
    return { pack, code: FAULTS[fault].code, message: wordsOf(error) };
  }
}

async function checkZone({ pool }: JobDeps, { accountId }: BulkJob, { pack, policies }: One): Promise<void> {
  const zoneId = pack.zone.id;
  if (!isGrantedIn(policies, PERMISSION, zoneId))
    throw new Fault('missing_permission', `the token has no '${PERMISSION}' for zone ${zoneId}`);
  if (!(await getZone(pool, accountId, zoneId)))
    throw new Fault('zone_not_found', `zone ${zoneId} not found`);
}

async function tried(work: () => Promise<unknown>, tries = TRIES): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (tries <= 1 || !(error instanceof Fault) || error.fault !== 'pack_moved') throw error;
    await tried(work, tries - 1);
  }
}
