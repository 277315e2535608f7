/**
 * The life of a certificate pack: one row per status, and nothing about it anywhere else.
 * Status names are Cloudflare's (ssl/certificate_packs, 21 values); their meaning is ours where theirs is
 * silent, see docs/divergences.md.
 */
import { Fault } from '../kit/fault.ts';
import { after, days, hours, minutes, type Seconds } from '../kit/time.ts';
import type { Certificate, CertificateAuthority, PackStatus, Run } from './pack.ts';

/** What the workers do in a status; one file of `src/job/` each. */
export type JobName =
  | 'order'
  | 'validate'
  | 'issue'
  | 'deploy'
  | 'hold'
  | 'expire'
  | 'withdraw'
  | 'purge'
  | 'renew';

/** What happens to a pack, besides its job's success (`done`), lateness (`late`) and the subscriber's wishes. */
export type PackEvent =
  | 'done' // the job of the status did its work
  | 'late' // the status lasted longer than it may
  | 'restart' // the subscriber asks for another try: PATCH pack
  | 'delete' // the subscriber wants it gone: DELETE pack, or its zone
  | 'revalidate' // an order needs validation of its own, or a CA refused and a new order stands behind the pack
  | 'stage' // goes, or goes back, to the staging edges
  | 'hold' // issued, or wished back or elsewhere, while the zone is pending, moved or paused
  | 'back_up' // issued as a backup for another pack
  | 'promote' // goes, or goes back, to the production edges
  | 'retire' // will not be renewed
  | 'withdraw' // taken off the edges, kept
  | 'renewed' // a new certificate is served after all
  | 'drift' // an edge shows something else than what it had shown
  | 'end' // its certificates end while an edge shows something else
  | 'lose'; // the private keys can no longer be opened, and nothing is served with them

/** What a status means. One without `job` waits for the subscriber. */
export interface Stage {
  /** Job that does the work of this status. */
  readonly job?: JobName;
  /** Status when that job succeeds. */
  readonly done?: PackStatus;
  /** Status when `within` runs out first. */
  readonly late?: PackStatus;
  /** Longest stay from entering the status: a length, the life of the CA's tokens, or of the certificate. */
  readonly within?: Seconds | 'token_life' | 'not_after';
  /** Status when the subscriber restarts. */
  readonly restart?: PackStatus;
  /** Status after any other event. */
  readonly on?: Partial<Record<PackEvent, PackStatus>>;
}

const ISSUED = { stage: 'staging_deployment', hold: 'holding_deployment', back_up: 'backup_issued' } as const;
const PROMOTED = { promote: 'pending_deployment' } as const;
const LOST = { lose: 'initializing' } as const;
const STAGED = { stage: 'staging_deployment' } as const;
const TO_EDGES = { ...PROMOTED, ...STAGED } as const;
/** It is to come new to edges, or back to them, and its zone is closed. */
const HELD = { hold: 'holding_deployment' } as const;
const SERVED = { ...HELD, retire: 'pending_expiration', withdraw: 'deactivating' } as const;
/** Only what drifted lasts so long. */
const ENDED = { end: 'pending_expiration' } as const;
/** The other of a pack and its backup is put in its place. */
const REPLACED = { withdraw: 'deactivating', back_up: 'backup_issued' } as const;

// biome-ignore format: a table is read by column
export const LIFECYCLE: Readonly<Record<PackStatus, Stage>> = {
  initializing:           { job: 'order',    done: 'pending_validation', late: 'initializing_timed_out', within: hours(1) },
  pending_validation:     { job: 'validate', done: 'pending_issuance',   late: 'validation_timed_out',   within: 'token_life' },
  pending_issuance:       { job: 'issue',    done: 'pending_deployment', late: 'issuance_timed_out',     within: days(1), on: { ...ISSUED, ...LOST, revalidate: 'pending_validation' } },
  pending_deployment:     { job: 'deploy',   done: 'active',             late: 'deployment_timed_out',   within: days(1), on: { ...STAGED, ...HELD, ...LOST, ...REPLACED, ...ENDED } },
  active:                 { job: 'renew',                                  late: 'pending_expiration',     within: 'not_after', on: { ...SERVED, ...TO_EDGES, drift: 'pending_deployment' } },

  staging_deployment:     { job: 'deploy',   done: 'staging_active',     late: 'deployment_timed_out',   within: days(1), on: { ...PROMOTED, ...HELD, ...LOST, ...REPLACED, ...ENDED } },
  staging_active:         { job: 'renew',                                  late: 'pending_expiration',     within: 'not_after', on: { ...SERVED, ...PROMOTED, ...STAGED, drift: 'staging_deployment' } },
  holding_deployment:     { job: 'hold',                                  late: 'pending_expiration',     within: 'not_after', on: { ...TO_EDGES, ...LOST, withdraw: 'deactivating' } },
  backup_issued:          { job: 'renew',                                  late: 'expired',                within: 'not_after', on: { ...TO_EDGES, ...LOST } },

  deactivating:           { job: 'withdraw', done: 'inactive',           on: { ...TO_EDGES, ...HELD, back_up: 'backup_issued' } },
  inactive:               { job: 'renew',                                  late: 'expired',                within: 'not_after', on: { ...TO_EDGES, ...HELD, ...LOST } },
  pending_expiration:     { job: 'expire',   done: 'expired',            on: { renewed: 'active', ...TO_EDGES, ...HELD, withdraw: 'deactivating' } },
  expired:                { restart: 'initializing' },

  initializing_timed_out: { restart: 'initializing' },
  validation_timed_out:   { restart: 'pending_validation' },
  issuance_timed_out:     { restart: 'pending_issuance' },
  deployment_timed_out:   { late: 'pending_expiration', within: 'not_after', restart: 'pending_deployment', on: { ...STAGED, ...HELD, ...LOST, withdraw: 'deactivating' } },

  pending_deletion:       { job: 'withdraw', done: 'deleted',            late: 'deletion_timed_out',     within: days(1) },
  deletion_timed_out:     { job: 'withdraw', done: 'pending_cleanup' },
  pending_cleanup:        { job: 'withdraw', done: 'deleted' },
  deleted:                { job: 'purge' },
};

/** How long a deleted pack stays readable (Cloudflare's were seen for one to two minutes). */
export const TOMBSTONE: Seconds = minutes(2);

/** How long a CA's challenges stay usable, counted from entering `pending_validation`. */
const TOKEN_LIFE: Readonly<Record<CertificateAuthority, Seconds>> = {
  lets_encrypt: days(7),
  google: days(14),
  ssl_com: days(14),
};
const SHORTEST_TOKEN_LIFE: Seconds = days(7);

/** Status of a pack after `event`. Throws `transition_refused` where the table has no such move. */
export function next(status: PackStatus, event: PackEvent): PackStatus {
  const to = destination(status, event);
  if (to === undefined) {
    throw new Fault('transition_refused', `a certificate pack in ${status} has no '${event}'`);
  }
  return to;
}

/** Whether the table has a move for `event` in `status`. */
export const may = (status: PackStatus, event: PackEvent): boolean =>
  destination(status, event) !== undefined;

function destination(status: PackStatus, event: PackEvent): PackStatus | undefined {
  const stage = LIFECYCLE[status];
  if (event === 'done' || event === 'late' || event === 'restart') return stage[event];
  if (event === 'delete') return isLeaving(status) ? undefined : 'pending_deletion';
  return stage.on?.[event];
}

const LEAVING: readonly PackStatus[] = [
  'pending_deletion',
  'deletion_timed_out',
  'pending_cleanup',
  'deleted',
];

/** Whether DELETE was taken for a pack in this status. */
export const isLeaving = (status: PackStatus): boolean => LEAVING.includes(status);

/** Statuses in which a pack is on its way off the edges, or off. */
export const GOING: readonly PackStatus[] = [...LEAVING, 'deactivating', 'expired'];

const SERVED_STATUSES: readonly PackStatus[] = ['active', 'staging_active', 'pending_expiration'];

/** Whether a pack in this status is in the default list: served, as far as the status alone tells. */
export const isServed = (status: PackStatus): boolean => SERVED_STATUSES.includes(status);

const KEPT_STATUSES: readonly PackStatus[] = [...SERVED_STATUSES, 'backup_issued', 'inactive'];

/** Whether a pack in this status has all its certificates, which are renewed: served, or kept for the day when it is. */
export const isKept = (status: PackStatus): boolean => KEPT_STATUSES.includes(status);

const CALENDAR: readonly (JobName | undefined)[] = [undefined, 'renew', 'hold', 'expire', 'purge'];

/** Whether nothing is under way in this status but, perhaps, a renewal: it lasts until somebody or the calendar ends it. */
export const isSettled = (status: PackStatus): boolean => CALENDAR.includes(LIFECYCLE[status].job);

const ISSUED_STATUSES: readonly PackStatus[] = [
  ...KEPT_STATUSES,
  'pending_deployment',
  'staging_deployment',
  'holding_deployment',
  'deployment_timed_out',
  'deactivating',
];

/** Whether a pack in this status has all its certificates, and their end matters: kept, or on its way to where it is. */
export const isIssued = (status: PackStatus): boolean => ISSUED_STATUSES.includes(status);

/** Whether a pack in this status is on its way to the edges. */
export const isDeploying = (status: PackStatus): boolean => LIFECYCLE[status].job === 'deploy';

/** When a status becomes late; undefined for one that may last. What drifted has the time of its certificates. */
export function deadline(at: Omit<Run, 'kind' | 'attempts'>): Date | undefined {
  if (at.driftedOn) return earliestEnd(at);
  const { within } = LIFECYCLE[at.status];
  if (within === undefined) return undefined;
  if (within === 'not_after') return earliestEnd(at);
  return after(at.statusSince, within === 'token_life' ? tokenLife(at.certificateAuthority) : within);
}

const tokenLife = (ca: CertificateAuthority | undefined): Seconds =>
  ca === undefined ? SHORTEST_TOKEN_LIFE : TOKEN_LIFE[ca];

/** The first `notAfter` among certificates. */
export function earliestEnd({
  certificates,
}: {
  readonly certificates: readonly Certificate[];
}): Date | undefined {
  const ends = certificates.map(({ notAfter }) => notAfter.getTime());
  return ends.length === 0 ? undefined : new Date(Math.min(...ends));
}
