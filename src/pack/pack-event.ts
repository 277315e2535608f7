/** What happened to a pack, as its owner is told: of what kind it was, why, and whose doing. */
import { LIFECYCLE } from './lifecycle.ts';
import { PACK_STATUSES } from './pack.ts';

export const EVENT_KINDS = ['order', 'status', 'change', 'renewal', 'revocation'] as const;
export const EVENT_OWNERS = ['customer', 'operator', 'ca', 'us'] as const;

/** Whose action it was. */
export type EventOwner = (typeof EVENT_OWNERS)[number];

/** What the record says of it. */
export interface RecordedEvent {
  /** How it is called in the record. */
  readonly event: string;
  /** Id of a token, `operator`, or `worker`. */
  readonly actor: string;
  /** Statuses before and after it; null: the record does not say. */
  readonly from: string | null;
  readonly to: string | null;
}

export interface EventMeaning {
  readonly kind: (typeof EVENT_KINDS)[number];
  /** A word for why. */
  readonly cause: string;
  readonly owner: EventOwner;
}

/** What a recorded event means. */
export const meaningOf = (recorded: RecordedEvent): EventMeaning => ({
  kind: KINDS[recorded.event] ?? (recorded.from === recorded.to ? 'change' : 'status'),
  cause: causeOf(recorded),
  owner: ownerOf(recorded),
});

const KINDS: Readonly<Record<string, EventMeaning['kind']>> = {
  order: 'order',
  upload: 'order',
  renew: 'renewal',
  renewed: 'renewal',
  at_risk: 'renewal',
  ends_soon: 'renewal',
  revoke: 'revocation',
  revoked_by_ca: 'revocation',
};

/** By events; one that is not here is its own word. */
const CAUSES: Readonly<Record<string, string>> = {
  order: 'ordered',
  upload: 'uploaded',
  prioritize: 'priority_set',
  late: 'deadline_passed',
  restart: 'restart_asked',
  delete: 'deletion_asked',
  revoke: 'revocation_asked',
  revalidate: 'control_wanted_again',
  promote: 'put_on_edges',
  retire: 'given_up',
  withdraw: 'taken_out_of_service',
  renew: 'renewal_begun',
  at_risk: 'renewal_late',
  lose: 'keys_lost',
  drift: 'edge_shows_another',
  end: 'certificates_ended',
  key_away: 'key_unreachable',
  key_back: 'key_reachable',
  amend: 'changed',
  hurry: 'look_asked',
};

/** What it means that the job of a status did its work. */
const DONE: Readonly<Record<string, string>> = {
  order: 'challenges_named',
  validate: 'control_shown',
  issue: 'certificates_issued',
  deploy: 'served_by_every_edge',
  withdraw: 'off_every_edge',
  expire: 'certificates_ended',
};

const CERTIFICATES_ISSUED = ['done', 'stage', 'hold', 'back_up'];

function causeOf({ event, from }: RecordedEvent): string {
  const job = jobOf(from);
  if (job === 'issue' && CERTIFICATES_ISSUED.includes(event)) return 'certificates_issued';
  if (event === 'done') return DONE[job ?? ''] ?? event;
  return CAUSES[event] ?? event;
}

const jobOf = (status: string | null): string | undefined => {
  const known = PACK_STATUSES.find((one) => one === status);
  return known && LIFECYCLE[known].job;
};

/** What the service writes because a CA answered. */
const BY_CA = [
  'revoked_by_ca',
  'challenges_named',
  'control_shown',
  'certificates_issued',
  'control_wanted_again',
  'renewed',
];

function ownerOf(recorded: RecordedEvent): EventOwner {
  if (recorded.actor === 'operator') return 'operator';
  if (recorded.actor !== 'worker') return 'customer';
  return BY_CA.includes(causeOf(recorded)) ? 'ca' : 'us';
}

/** Whether a step of the service was done or failed with that; undefined: it is neither. */
export function outcomeOf(recorded: RecordedEvent): 'done' | 'failed' | undefined {
  if (recorded.actor !== 'worker') return undefined;
  const cause = causeOf(recorded);
  if (FAILED.includes(cause)) return 'failed';
  return STEPS.includes(cause) ? 'done' : undefined;
}

/** What the service did, by its cause. */
const STEPS: readonly string[] = [...new Set([...Object.values(DONE), ...BY_CA])].filter(
  (cause) => cause !== 'control_wanted_again' && cause !== 'certificates_ended',
);
const FAILED: readonly string[] = [
  'deadline_passed',
  'given_up',
  'keys_lost',
  'key_unreachable',
  'edge_shows_another',
  'certificates_ended',
];
