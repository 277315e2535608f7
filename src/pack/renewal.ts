/** When the certificates of a pack are renewed. What a renewal does meanwhile: `run.ts`. */
import { after, between, days, hours, type Seconds } from '../kit/time.ts';
import { earliestEnd, isIssued, isKept, isServed } from './lifecycle.ts';
import type { Certificate, Pack } from './pack.ts';
import { algorithmsOf, TYPES } from './type.ts';

/** Part of a certificate's life that is left when it is renewed, where the CA does not say when. */
const LEFT = 1 / 3;
/** The same for one that lives shorter than `SHORT`: a CA that is down for a day takes more of it. */
const LEFT_OF_SHORT = 1 / 2;
const SHORT: Seconds = days(10);
/** Part of a life over which renewals are spread, so that what was ordered together is not renewed together. */
const SPREAD = 1 / 48;
/** Part of a certificate's life that is left when its renewal is given up, and said to be so. It is tried until the end. */
const LEFT_AT_LAST = 1 / 10;

type Life = Pick<Certificate, 'uploadedOn' | 'notAfter'>;

/** From when we had it: what a CA dated back, or gave us late, is no part of its life with us. */
const lengthOf = ({ uploadedOn, notAfter }: Life): Seconds => between(uploadedOn, notAfter);

/** Nothing is renewed sooner after it was issued, whatever a CA says: it would be asked without end. */
const LEAST_AGE: Seconds = hours(1);
/** The same as a part of a life that is shorter than some hours. */
const LEAST_PART = 1 / 8;

/** When a certificate is to be renewed whose CA does not say so. `share`, from 0 to 1, is the pack's own place in the spread. */
export function ownTime(life: Life, share: number): Date {
  const length = lengthOf(life);
  const left = length * (length < SHORT ? LEFT_OF_SHORT : LEFT);
  return after(life.notAfter, -left - share * length * SPREAD);
}

/** A pack's own time in the window that its CA suggests (RFC 9773 4.2), which may be over. */
export function timeWithin(
  { start, end }: { readonly start: Date; readonly end: Date },
  share: number,
): Date {
  return after(start, between(start, end) * share);
}

/** From when on a certificate may be renewed. */
export function soonest(life: Life): Date {
  return after(life.uploadedOn, Math.min(LEAST_AGE, lengthOf(life) * LEAST_PART));
}

/** From when on a pack counts as one that will not be renewed; undefined without certificates. */
export function lastTime({ certificates }: Pack): Date | undefined {
  const times = certificates.map((one) => after(one.notAfter, -lengthOf(one) * LEFT_AT_LAST).getTime());
  return times.length > 0 ? new Date(Math.min(...times)) : undefined;
}

/** When the owner of certificates that are served, and that nobody renews, is told of it first; undefined: of none. */
export function noticeOn({ type, status, certificates }: Pack): Date | undefined {
  const isTold = TYPES[type].renewedBy === 'owner' && isServed(status) && status !== 'pending_expiration';
  const times = isTold ? certificates.map((one) => ownTime(one, 0).getTime()) : [];
  return times.length > 0 ? new Date(Math.min(...times)) : undefined;
}

/** Length of the shortest life among a pack's certificates. */
export const shortestLife = ({ certificates }: Pack): Seconds => Math.min(...certificates.map(lengthOf));

/** Where a pack that is kept is to be, whatever comes: given up, or at its end. Undefined for any other pack. */
export function turningPoint(pack: Pack): Date | undefined {
  if (pack.driftedOn) return earliestEnd(pack);
  if (!isKept(pack.status)) return undefined;
  // What is on no edge is not given up before its end.
  const isToBeTold = isServed(pack.status) && pack.status !== 'pending_expiration';
  return isToBeTold ? lastTime(pack) : earliestEnd(pack);
}

/** Whether a certificate of the pack has ended. */
export function isOver(pack: Pack, now: Date): boolean {
  const end = earliestEnd(pack);
  return end !== undefined && end <= now;
}

/** Whether all certificates that are to come in the place of the present ones are there. */
export function isSucceeded(pack: Pack): boolean {
  const coming = pack.renewal?.run?.certificates ?? [];
  const wanted = algorithmsOf(pack);
  return wanted.length > 0 && wanted.every((one) => coming.some(({ algorithm }) => algorithm === one));
}

/** Part of a certificate's life after the time of its renewal from which on that is told as a risk. */
const LATE = 1 / 10;

/** When the certificates of a pack are to be renewed, as far as is known now. */
export interface RenewalPlan {
  readonly renewOn: Date;
  /** From when on it is at risk. */
  readonly riskOn: Date;
  /** When the first of them ends. */
  readonly endsOn: Date;
}

/** The plan of a pack whose certificates are renewed at their CA; before one is made, by its own time. */
export function renewalPlanOf(pack: Pack): RenewalPlan | undefined {
  const { certificates, certificateAuthority, renewal, status } = pack;
  const [first] = certificates.toSorted((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
  if (!first || certificateAuthority === undefined || !isIssued(status)) return undefined;
  const renewOn = renewal?.at ?? ownTime(first, 0);
  return { renewOn, riskOn: after(renewOn, lengthOf(first) * LATE), endsOn: first.notAfter };
}

/** Bounds by which certificates are counted by the part of their life that is left; at 0 it is over. */
export const LIFE_SHARES = [0, 0.05, 0.1, 0.2, 0.3333, 0.5, 0.6667, 1] as const;
