/**
 * How names move in from elsewhere: a certificate that was brought serves at once, and a managed pack takes its place before it
 * ends. Pure: which moves there are, and when what is ordered.
 */
import { after, between, days, hours, type Seconds } from '../kit/time.ts';
import type { CertificateAuthority } from './pack.ts';
import type { ValidationMethod } from './validation-method.ts';

/**
 * How far a move is: its managed pack is planned; ordered; shown by the edges in the place of what was brought, which is still
 * there; in its place for good. Cancelled: left as it is.
 */
export const MOVE_IN_STATUSES = ['planned', 'ordered', 'proving', 'done', 'cancelled'] as const;
export type MoveInStatus = (typeof MOVE_IN_STATUSES)[number];

/** Methods by which the managed pack of a move shows control. */
export const MOVE_IN_METHODS = ['txt', 'http'] as const satisfies readonly ValidationMethod[];

/** One certificate, or one name without one, that moves in. */
export interface MoveIn {
  readonly id: string;
  readonly zoneId: string;
  readonly accountId: string;
  /** By what a second import of the same is known: fingerprint of the leaf, or the hosts. */
  readonly key: string;
  /** In A-labels. */
  readonly hosts: readonly string[];
  /** Pack of what was brought; undefined: nothing was. */
  readonly uploadId: string | undefined;
  readonly uploadEnds: Date | undefined;
  readonly certificateAuthority: CertificateAuthority | undefined;
  readonly validationMethod: ValidationMethod;
  readonly status: MoveInStatus;
  readonly why: string | undefined;
  /** The managed pack, also where it is not ordered yet. */
  readonly packId: string | undefined;
  readonly plannedFor: Date;
  readonly wantedBy: Date;
  readonly provingSince: Date | undefined;
  readonly attempts: number;
  readonly createdOn: Date;
  readonly finishedOn: Date | undefined;
}

/** When a managed pack is to be ordered, and by when at the latest. */
export interface MoveInPlan {
  readonly plannedFor: Date;
  readonly wantedBy: Date;
}

/** For so long nothing is ordered in the place of a certificate that has a while to go. */
const REST: Seconds = days(7);
/** What is left for validation, and for whoever has to make a record, before a certificate ends. */
const MARGIN: Seconds = days(30);
/** What may be taken of the time that is left for either. */
const [REST_SHARE, MARGIN_SHARE] = [1 / 6, 1 / 3];

/**
 * When the managed pack is ordered that takes the place of a certificate which ends then: anywhere in the time that is left, at
 * `chance` (0 to 1) of it, without the first week and the last month, or less of either where there is less.
 */
export function planFor(endsOn: Date, now: Date, chance: number): MoveInPlan {
  const left = Math.max(0, between(now, endsOn));
  const from = Math.min(REST, left * REST_SHARE);
  const until = left - Math.min(MARGIN, left * MARGIN_SHARE);
  return { plannedFor: after(now, from + (until - from) * chance), wantedBy: after(now, until) };
}

/** Names without a certificate wait for their turn alone; those of others who have less time go before them. */
const PATIENCE: Seconds = days(14);

/** When the pack of a name without a certificate is ordered: behind the last one of its account. */
export function planBehind(last: Date | undefined, now: Date, pace: Seconds): MoveInPlan {
  const behind = last ? after(last, pace) : now;
  const plannedFor = behind > now ? behind : now;
  return { plannedFor, wantedBy: after(plannedFor, PATIENCE) };
}

/**
 * Seconds from one pack to the next, for so many orders an hour, of which a pack takes `orders`: at `chance` (0 to 1) between
 * what holds the number within any hour and a quarter more, so that several installations do not ask in step.
 */
export const paceOf = (perHour: number, orders: number, chance = 0.5): Seconds =>
  ((orders * hours(1)) / perHour) * (1.02 + 0.23 * chance);
