import { createHash } from 'node:crypto';
import type { Ca, RenewalWindow } from '../../ca/ca.ts';
import { Fault } from '../../kit/fault.ts';
import { after, between, days, hours, minutes, type Seconds } from '../../kit/time.ts';
import { first } from '../../operation/advance.ts';
import { beginRenewal } from '../../operation/begin-renewal.ts';
import { endTotalTls } from '../../operation/end-total-tls.ts';
import { planRenewal } from '../../operation/plan-renewal.ts';
import { putDown } from '../../operation/put-down.ts';
import { recordStep } from '../../operation/record-step.ts';
import { tellEnd } from '../../operation/tell-end.ts';
import { lifeWork, type Work } from '../../operation/work.ts';
import { earliestEnd, LIFECYCLE, may } from '../../pack/lifecycle.ts';
import type { Algorithm, Certificate, Pack, Renewal } from '../../pack/pack.ts';
import {
  lastTime,
  noticeOn,
  ownTime,
  renewalPlanOf,
  shortestLife,
  soonest,
  timeWithin,
  turningPoint,
} from '../../pack/renewal.ts';
import { unrenewedMessage } from '../../pack/subscriber-message.ts';
import { TYPES } from '../../pack/type.ts';
import { getManagedSettings } from '../../store/managed.ts';
import { getChain } from '../../store/next-certificates.ts';
import type { Job, JobDeps } from '../job.ts';
import { lookAhead, lookAheadFrom } from '../step/look-ahead.ts';

/** A CA that does not say when it wants to be asked again; the bounds of what it may say (RFC 9773 4.3.1, 4.3.2). */
const ASK_AGAIN: Seconds = hours(6);
const [SOONEST, LATEST]: readonly [Seconds, Seconds] = [minutes(1), days(1)];
/** A certificate is asked for at most so often in its life: what matters is to hear of a revocation in time. */
const MOST_ASKS = 120;
/** A CA that could not be asked is asked again after this. */
const UNANSWERED: Seconds = hours(1);

/**
 * Sees to it that a served pack gets new certificates in time: asks the CA when it would have them renewed, waits for
 * that, and begins the renewal, which the pack's worker then carries on.
 */
export const renew: Job = async (deps, { pack }, signal) => {
  if (TYPES[pack.type].renewedBy !== 'us' || (await isSwitchedOff(deps, pack))) return rest(deps, pack);
  const now = deps.clock.now();
  const { renewal } = pack;
  if (renewal && renewal.at <= now) return begin(deps, pack, renewal);
  const isToldAnew = renewal?.askAt !== undefined && renewal.askAt <= now;
  if (renewal && !isToldAnew) return waitFor(deps, pack, renewal);
  const planned = await plan(deps, pack, signal);
  if (planned.at <= now) return begin(deps, pack, planned);
  return waitFor(deps, await lookAhead(deps, pack, planned, signal), planned);
};

async function waitFor(deps: JobDeps, pack: Pack, planned: Renewal): Promise<undefined> {
  await planRenewal(deps, pack, planned);
}

/**
 * Whether the pack is off the edges for another reason than that its backup is in its place, or stands by for one that is so: it
 * is wanted by nobody now.
 */
async function isSwitchedOff({ pool }: JobDeps, { status, type, zone, pair }: Pack): Promise<boolean> {
  if (!pair?.isStandby) return status === 'inactive';
  return type === 'universal' && !(await getManagedSettings(pool, zone.id)).isUniversalOn;
}

/** Begins, or waits where control of the zone is not shown any more; a zone that is paused goes on being served. */
async function begin(deps: JobDeps, pack: Pack, renewal: Renewal): Promise<Work | undefined> {
  if (pack.zone.status !== 'active') return wait(deps, pack, NOT_ACTIVE);
  const end = pack.type === 'total_tls' ? await endTotalTls(deps, pack) : 'renew';
  if (end === 'gone') return undefined;
  return end === 'wait' ? wait(deps, pack, REPLACED) : beginRenewal(deps, pack, renewal);
}

/**
 * Begins the renewal of a pack that some edge does not show any more, where that is due: the others are to have good certificates
 * all the same. Undefined: it is not due yet, or not ours.
 */
export async function renewDrifted(deps: JobDeps, { pack, run }: Work): Promise<Work | undefined> {
  const at = run.driftedOn && renewalPlanOf(pack)?.renewOn;
  if (!at || at > deps.clock.now() || TYPES[pack.type].renewedBy !== 'us') return undefined;
  return pack.zone.status === 'active' ? beginRenewal(deps, pack, { ...pack.renewal, at }) : undefined;
}

/** How often it is looked whether a zone is active again. */
const NOT_ACTIVE: Seconds = hours(1);
/** When it is looked again at a pack that another is to replace. */
const REPLACED: Seconds = days(1);

async function wait(deps: JobDeps, pack: Pack, seconds: Seconds): Promise<undefined> {
  await putDown(deps, pack, first([after(deps.clock.now(), seconds), earliestEnd(pack)]));
}

/** Somebody else sees to that, if anybody: it stays until its end. One that is served tells its owner before, twice. */
async function rest(deps: JobDeps, pack: Pack): Promise<Work | undefined> {
  const now = deps.clock.now();
  const last = TYPES[pack.type].renewedBy === 'owner' ? turningPoint(pack) : undefined;
  if (last && last <= now && may(pack.status, 'retire')) return giveUp(deps, pack);
  const notice = pack.validationErrors.includes(unrenewedMessage(pack)) ? undefined : noticeOn(pack);
  if (notice && notice <= now) return tellEnd(deps, pack);
  await putDown(deps, pack, notice ?? last ?? earliestEnd(pack));
  return undefined;
}

/** When the pack is to be renewed: for the certificate that wants it first, and not later than it would be given up. */
async function plan(deps: JobDeps, pack: Pack, signal: AbortSignal): Promise<Renewal> {
  const share = shareOf(pack);
  const told = await Promise.all(pack.certificates.map((one) => ask(deps, pack, one, signal)));
  const times = pack.certificates.map((one, i) => {
    const window = told[i];
    const at = typeof window === 'object' ? timeWithin(window, share) : ownTime(one, share);
    return at < soonest(one) ? soonest(one) : at;
  });
  const at = first([...times, lastTime(pack)]) ?? deps.clock.now();
  const waits = told.flatMap((window) => askAgainAfter(pack, window) ?? []);
  const now = deps.clock.now();
  const from = lookAheadFrom(deps, pack, { at });
  const askAt = first([
    waits.length > 0 ? after(now, Math.min(...waits)) : undefined,
    from && from > now ? from : undefined,
  ]);
  deps.log.debug({ pack: pack.id, at, ask_at: askAt }, 'renewal planned');
  return { at, askAt };
}

/** What the CA says of a certificate; `silent` where it says nothing of any, `unanswered` where it could not be asked. */
type Told = RenewalWindow | 'silent' | 'unanswered';

async function ask(
  deps: JobDeps,
  pack: Pack,
  { algorithm }: Certificate,
  signal: AbortSignal,
): Promise<Told> {
  const ca = pack.certificateAuthority && deps.cas.get(pack.certificateAuthority);
  const chain = await getChain(deps.pool, pack, algorithm);
  if (!ca || chain === undefined) return 'silent';
  try {
    return (await windowOf(deps, ca, { pack, algorithm, chain }, signal)) ?? 'silent';
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Fault)) throw error;
    deps.log.info({ pack: pack.id, algorithm, err: error }, 'the CA does not say when it wants to renew');
    return 'unanswered';
  }
}

async function windowOf(
  { log }: JobDeps,
  ca: Ca,
  { pack, ...issued }: { readonly pack: Pack; readonly algorithm: Algorithm; readonly chain: string },
  signal: AbortSignal,
): Promise<RenewalWindow | undefined> {
  const window = await ca.renewalWindow(issued, signal);
  if (window?.explanationUrl !== undefined)
    log.info({ pack: pack.id, window, ca: ca.row.name }, 'the CA explains when it wants to renew');
  return window;
}

function askAgainAfter(pack: Pack, told: Told | undefined): Seconds | undefined {
  if (told === 'silent' || told === undefined) return undefined;
  if (told === 'unanswered') return Math.min(UNANSWERED, shortestLife(pack) / MOST_ASKS);
  const wanted = Math.max(told.retryAfter ?? ASK_AGAIN, shortestLife(pack) / MOST_ASKS);
  return Math.min(Math.max(wanted, SOONEST), LATEST);
}

/** A pack's own place, from 0 to 1, in the time over which renewals are spread: the same in every history. */
function shareOf({ zone, ord }: Pack): number {
  const hash = createHash('sha256').update(`${zone.name} ${ord} renewal`).digest();
  return hash.readUInt32BE() / 2 ** 32;
}

/**
 * A stage of the renewal lasted too long. What the CA may still deliver, and edges may still show, goes on; where control was
 * not shown it begins anew, with a new order, and with the certificates that came.
 */
export function beginAgain(deps: JobDeps, work: Work): Promise<Work> {
  const now = deps.clock.now();
  const { pack, run } = work;
  const { job } = LIFECYCLE[run.status];
  if (job === 'deploy' || job === 'issue') return recordStep(deps, work, { change: { statusSince: now } });
  const isGood = run.certificates.every((one) => between(now, one.notAfter) > shortestLife(pack) / 2);
  return beginRenewal(deps, pack, pack.renewal ?? { at: now }, isGood ? run.certificates : []);
}

/** Whether a served pack's renewal is so late that it is to be told: it cannot be relied on any more. */
export function isPastLastChance(pack: Pack, now: Date): boolean {
  const { run } = pack.renewal ?? {};
  const last = lastTime(pack);
  if (!run || !last || !may(pack.status, 'retire')) return false;
  // What begins late, after the service was down for long, is given its time too.
  return last <= now && between(run.statusSince, now) >= shortestLife(pack) * GRACE;
}

/** Part of a certificate's life that a stage of its renewal may last before it counts as late. */
const GRACE = 1 / 100;

/**
 * The pack counts as one that will expire. Its renewal, where that is ours, is tried on, and why it did not come about stays in its
 * errors.
 */
export function giveUp(deps: JobDeps, pack: Pack): Promise<Work> {
  const why = unrenewedMessage(pack);
  const validationErrors = [...pack.validationErrors.filter((one) => one !== why), why];
  return recordStep(deps, lifeWork(pack), { event: 'retire', change: { validationErrors } });
}
