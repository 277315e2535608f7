import { FAULTS, Fault, type FaultName, wordsOf } from '../../kit/fault.ts';
import { after, days, type Seconds } from '../../kit/time.ts';
import { advance, postpone } from '../../operation/advance.ts';
import { retryDelay } from '../../pack/backoff.ts';
import { deadline, isServed, type JobName, LIFECYCLE } from '../../pack/lifecycle.ts';
import type { Pack } from '../../pack/pack.ts';
import { carried, isOver, isSucceeded } from '../../pack/renewal.ts';
import type { Claimed } from '../../store/claims.ts';
import { getClaimed, setDue } from '../../store/packs.ts';
import { unpublishRecords } from '../../store/published-records.ts';
import { transaction } from '../../store/store.ts';
import type { Job, JobDeps } from '../job.ts';
import { deploy } from '../stage/deploy.ts';
import { expire } from '../stage/expire.ts';
import { issue } from '../stage/issue.ts';
import { order } from '../stage/order.ts';
import { purge } from '../stage/purge.ts';
import { beginAgain, giveUp, handOver, isPastLastChance, renew } from '../stage/renew.ts';
import { validate } from '../stage/validate.ts';
import { withdraw } from '../stage/withdraw.ts';

const JOBS: Readonly<Record<JobName, Job>> = {
  order,
  validate,
  issue,
  deploy,
  expire,
  withdraw,
  purge,
  renew,
};

/** Carries a claimed pack on until it has to wait, or another took it. Throws only when the database fails. */
export async function run(
  deps: JobDeps,
  { packId, claim, read }: Claimed,
  signal: AbortSignal,
): Promise<void> {
  let pack: Pack | undefined = await read();
  while (pack && pack.claim === claim && !signal.aborted) {
    pack = await step(deps, carried(pack, deps.clock.now()), signal);
    deps.moves.notify(packId, pack);
  }
}

/** One step: what the pack became, or undefined when it waits. */
async function step(deps: JobDeps, pack: Pack, signal: AbortSignal): Promise<Pack | undefined> {
  try {
    const turned = await turn(deps, pack);
    if (turned) return turned;
    const { job } = LIFECYCLE[pack.status];
    const moved = job ? await JOBS[job](deps, pack, signal) : await rest(deps, pack);
    deps.onStep?.({ status: pack.status, outcome: 'done' });
    return moved;
  } catch (error) {
    if (signal.aborted) return undefined;
    deps.onStep?.({ status: pack.status, outcome: 'failed' });
    return putOff(deps, pack, error);
  }
}

/** The pack after the turn that its time brought, if it did: of the pack itself first, then of its renewal. */
async function turn(deps: JobDeps, pack: Pack): Promise<Pack | undefined> {
  const now = deps.clock.now();
  const base = pack.behind ?? pack;
  if (isServed(base.status) && isOver(base, now) && isSucceeded(base)) return handOver(deps, base);
  if (isLate(deps, base)) return timeOut(deps, base);
  if (!pack.behind) return undefined;
  // The end of a pack that was given up is its own job's.
  if (isOver(base, now)) return base;
  if (isPastLastChance(base, now)) return giveUp(deps, base);
  return isLate(deps, pack) ? beginAgain(deps, pack) : undefined;
}

/** What the subscriber can do about a stage that ran out, before what was wrong with it last. */
function whyLate({ status, validationErrors }: Pack): readonly string[] {
  const to = LIFECYCLE[status].late;
  if (to === undefined || LIFECYCLE[to].restart === undefined) return validationErrors;
  const last = validationErrors.length > 0 ? '; last seen:' : '';
  return [
    `the time for ${status} is over; PATCH this certificate pack to try again${last}`,
    ...validationErrors,
  ];
}

/** The status lasted too long; what was published for it goes. */
const timeOut = (deps: JobDeps, pack: Pack): Promise<Pack> =>
  transaction(deps.pool, async (tx) => {
    const moved = await advance(tx, deps, pack, { event: 'late', validationErrors: whyLate(pack) });
    await unpublishRecords(tx, pack.id);
    return moved;
  });

/** Nobody works on the status: the pack is due again when it becomes late, if ever. */
async function rest(deps: JobDeps, pack: Pack): Promise<undefined> {
  await setDue(deps.pool, pack, deadline(pack));
}

function isLate(deps: JobDeps, pack: Pack): boolean {
  const late = deadline(pack);
  return LIFECYCLE[pack.status].late !== undefined && late !== undefined && late <= deps.clock.now();
}

/** A step failed: the pack says why and is tried again, later each time. */
async function putOff(deps: JobDeps, pack: Pack, error: unknown): Promise<undefined> {
  if (error instanceof Fault && error.fault === 'pack_moved') return;
  const isForeseen = error instanceof Fault && error.fault !== 'internal';
  deps.log[isForeseen ? 'info' : 'error']({ pack: pack.id, status: pack.status, err: error }, 'work put off');
  const seconds = waitAfter(error, pack);
  const validationErrors = [error instanceof Fault ? wordsOf(error) : UNFORESEEN];
  // The step may have stored progress before it failed, so the pack is read again.
  await transaction(deps.pool, async (tx) => {
    const found = await getClaimed(tx, pack.id);
    if (!found || found.claim !== pack.claim) return;
    await postpone(tx, deps, pack.behind ? carried(found, deps.clock.now()) : found, {
      seconds,
      validationErrors,
      ...anew(deps, error, seconds),
    });
  });
}

/** Nothing of the error itself: nobody knows what it holds. */
const UNFORESEEN = 'an internal error; it is tried again, and the operator finds more in the log';

/** What waits for a limit of its CA is not late for that: the time of its status begins when it goes on. */
const anew = ({ clock }: JobDeps, error: unknown, seconds: Seconds): { readonly statusSince?: Date } =>
  error instanceof Fault && error.fault === 'ca_limited' ? { statusSince: after(clock.now(), seconds) } : {};

/** When a failed step is tried again: later each time, and not before whoever failed wants to be asked. */
function waitAfter(error: unknown, { attempts }: Pack): Seconds {
  if (!(error instanceof Fault)) return retryDelay(attempts);
  const asked = Math.min(error.retryAfter ?? 0, LONGEST_WAIT);
  const own = FAULTS[error.fault].retry === 'never' ? NEVER_WAIT : retryDelay(attempts);
  return Math.max(asked, own, LEAST_WAIT[error.fault] ?? 0);
}

/** A CA that answered, and not as wished, is not asked again at once: orders are limited. */
const LEAST_WAIT: Readonly<Partial<Record<FaultName, Seconds>>> = { ca_refused: 60, ca_wrong_answer: 60 };

/** A CA's wish for patience is granted up to a day. */
const LONGEST_WAIT = days(1);

/** Seconds until work is looked at again that only the operator or the subscriber can mend. */
const NEVER_WAIT = 3_600;
