/** A bulk job as its row has it. */
import type { BulkAction, BulkStatus } from '../pack/bulk.ts';
import type { PackKey } from '../pack/pack.ts';
import type { Actor } from './audit.ts';
import type { AccountFilter, Place } from './list/account-list.ts';
import { cellOf } from './zone-key.ts';

/** Which packs an operation is on: those that a filter finds, or these. */
export interface BulkScope {
  /** As the client gave it, for it to be told. */
  readonly filter?: Readonly<Record<string, string>> | undefined;
  /** The same as it is read. */
  readonly which?: AccountFilter | undefined;
  readonly packs?: readonly PackKey[] | undefined;
}

/** A job as it is made. */
export interface NewBulkJob extends BulkScope {
  readonly id: string;
  readonly accountId: string;
  readonly action: BulkAction;
  /** Of a revocation: name of RFC 5280 5.3.1. */
  readonly reason?: string | undefined;
  /** By whose permissions it is done. */
  readonly tokenId: string;
  readonly actor: Actor;
  readonly key?: string | undefined;
  /** Packs when it was made. */
  readonly matched: number;
  readonly createdOn: Date;
}

export interface BulkJob extends NewBulkJob {
  readonly status: BulkStatus;
  readonly stoppedBecause: string | undefined;
  readonly done: number;
  readonly failed: number;
  readonly failuresByCode: Readonly<Record<string, number>>;
  /** What is behind the batch in hand; undefined: the beginning. Of packs that are named, `seq` counts them. */
  readonly place: Place | undefined;
  /** Packs in hand, stored before any of them was touched. */
  readonly batch: readonly PackKey[] | undefined;
  readonly batchOn: Date | undefined;
  readonly finishedOn: Date | undefined;
  readonly claim: number;
}

/** Packs as they are stored. */
export const pairsOf = (packs: readonly PackKey[]): string =>
  JSON.stringify(packs.map(({ zone, id }) => [zone.id, id]));

type Pairs = readonly (readonly [zone: string, id: string])[];
const toKeys = (pairs: Pairs): PackKey[] => pairs.map(([zone, id]) => ({ id, zone: { id: zone } }));

/** A row of bulk_jobs. */
export interface BulkJobRow {
  id: string;
  account_id: string;
  action: BulkAction;
  reason: string | null;
  filter: Record<string, string> | null;
  which: StoredFilter | null;
  packs: Pairs | null;
  token_id: string;
  actor: Actor;
  idempotency_key: string | null;
  status: BulkStatus;
  stopped_because: string | null;
  matched: number;
  done: number;
  failed: number;
  failures_by_code: Record<string, number>;
  place: Place | null;
  batch: Pairs | null;
  batch_on: Date | null;
  created_on: Date;
  finished_on: Date | null;
  claim: number;
}

/** A filter as it is stored: without what is not asked for, instants as texts. */
type StoredFilter = Pick<AccountFilter, 'accountId' | 'status' | 'order'> &
  Partial<Omit<AccountFilter, 'expiresBefore' | 'expiresAfter' | 'asOf'>> & {
    readonly asOf?: string;
    readonly expiresBefore?: string;
    readonly expiresAfter?: string;
  };

const toFilter = (stored: StoredFilter): AccountFilter => ({
  accountId: stored.accountId,
  status: stored.status,
  order: stored.order,
  environment: stored.environment,
  type: stored.type,
  certificateAuthority: stored.certificateAuthority,
  zoneId: stored.zoneId,
  host: stored.host,
  suffix: stored.suffix,
  group: stored.group,
  asOf: instantOf(stored.asOf),
  expiresBefore: instantOf(stored.expiresBefore),
  expiresAfter: instantOf(stored.expiresAfter),
});

const instantOf = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(text);

export const BULK_JOB_COLUMNS = `id, account_id, action, reason, filter, which, packs, token_id, actor, idempotency_key, status,
  stopped_because, matched, done, failed, failures_by_code, place, batch, batch_on, created_on, finished_on, claim`;

/** The job of a row. */
export const toBulkJob = (row: BulkJobRow): BulkJob => ({
  ...whatOf(row),
  ...howFar(row),
  ...inHand(row),
});

const whatOf = (row: BulkJobRow) => ({
  id: row.id,
  accountId: row.account_id,
  action: row.action,
  reason: row.reason ?? undefined,
  filter: row.filter ?? undefined,
  which: row.which ? toFilter(row.which) : undefined,
  packs: row.packs ? toKeys(row.packs) : undefined,
  tokenId: row.token_id,
  actor: row.actor,
  key: row.idempotency_key ?? undefined,
});

const howFar = (row: BulkJobRow) => ({
  status: row.status,
  stoppedBecause: row.stopped_because ?? undefined,
  matched: row.matched,
  done: row.done,
  failed: row.failed,
  failuresByCode: row.failures_by_code,
  createdOn: row.created_on,
  finishedOn: row.finished_on ?? undefined,
});

const inHand = (row: BulkJobRow) => ({
  place: row.place ?? undefined,
  batch: row.batch ? toKeys(row.batch) : undefined,
  batchOn: row.batch_on ?? undefined,
  claim: row.claim,
});

/** A pack that was refused, and why. */
export interface BulkFailure {
  readonly pack: PackKey;
  readonly code: number;
  readonly message: string;
}

/** By which a job is found. */
export type JobKey = Pick<BulkJob, 'accountId' | 'id'>;

/** Values of the conditions below. */
export const keyOf = ({ accountId, id }: JobKey) => ({ cell: cellOf(accountId), account: accountId, id });
export const OF_ACCOUNT = 'cell = :cell and account_id = :account';
export const THIS = `${OF_ACCOUNT} and id = :id`;
