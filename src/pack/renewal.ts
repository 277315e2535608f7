/**
 * When the certificates of a pack are renewed, and what a pack is while they are: served as before, with a course of its
 * own beside its status. The course goes through the rows of `LIFECYCLE` like a new pack.
 */
import { after, between, days, hours, type Seconds } from '../kit/time.ts';
import { earliestEnd, isServed, next } from './lifecycle.ts';
import { ALGORITHMS, type Certificate, type Pack, type RenewalCourse } from './pack.ts';

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

/** Length of the shortest life among a pack's certificates. */
export const shortestLife = ({ certificates }: Pack): Seconds => Math.min(...certificates.map(lengthOf));

/** Where a pack that is served is to be, whatever comes: given up, or at its end. Undefined for any other pack. */
export function turningPoint(pack: Pack): Date | undefined {
  if (pack.status === 'pending_expiration') return earliestEnd(pack);
  return isServed(pack.status) ? lastTime(pack) : undefined;
}

/** Whether a certificate of the pack has ended. */
export function isOver(pack: Pack, now: Date): boolean {
  const end = earliestEnd(pack);
  return end !== undefined && end <= now;
}

/** Whether all certificates that are to come in the place of the present ones are there. */
export const isSucceeded = ({ renewal }: Pack): boolean =>
  renewal?.course?.certificates.length === ALGORITHMS.length;

/** The pack as its worker carries it: its renewal, where one is under way and it is served meanwhile; else itself. */
export function carried(pack: Pack, now: Date): Pack {
  const course = pack.behind ? undefined : pack.renewal?.course;
  return course && isServed(pack.status) && !isOver(pack, now) ? courseOf(pack, course) : pack;
}

/** A pack that stands for the renewal of another: same id, hosts and CA; status and certificates of its course. */
const courseOf = (pack: Pack, { status, since, attempts, certificates }: RenewalCourse): Pack => ({
  ...pack,
  status,
  statusSince: since,
  attempts,
  certificates,
  behind: pack,
});

/** What a pack is after a step of its renewal; any other pack as it is. */
export function settled(pack: Pack): Pack {
  const { behind, status, statusSince: since, attempts, certificates } = pack;
  if (!behind) return pack;
  const { validationRecords, validationErrors, modifiedOn, claim } = pack;
  const said = { validationRecords, validationErrors, modifiedOn, claim };
  if (isServed(status))
    return { ...behind, ...said, ...renewedStatus(behind, since), certificates, renewal: undefined };
  const course = { status, since, attempts, certificates };
  return { ...behind, ...said, renewal: { at: modifiedOn, ...behind.renewal, course } };
}

/** A pack that was given up is served again by its new certificates; on staging edges that is shown anew. */
function renewedStatus({ status, environment }: Pack, since: Date): Partial<Pack> {
  if (status !== 'pending_expiration') return { attempts: 0 };
  const event = environment === 'staging' ? 'stage' : 'renewed';
  return { status: next(status, event), statusSince: since, attempts: 0 };
}
