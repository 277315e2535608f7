import { Fault, wordsOf } from '../../kit/fault.ts';
import { after, hours, type Seconds } from '../../kit/time.ts';
import { adoptNextCertificates } from '../../operation/adopt-next-certificates.ts';
import { first } from '../../operation/advance.ts';
import { putDown } from '../../operation/put-down.ts';
import { putOff } from '../../operation/put-off.ts';
import { recordStep } from '../../operation/record-step.ts';
import { takeUpManaged } from '../../operation/take-up-managed.ts';
import { lifeWork, type Work, workOn } from '../../operation/work.ts';
import { deadline, isServed, type JobName, LIFECYCLE } from '../../pack/lifecycle.ts';
import { takenUpAt } from '../../pack/managed.ts';
import type { Pack, Run } from '../../pack/pack.ts';
import { isOver, isSucceeded } from '../../pack/renewal.ts';
import { inOne, lateWords, nameLostWords, UNFORESEEN } from '../../pack/standing.ts';
import type { Claimed } from '../../store/claims.ts';
import { unavailability } from '../../store/unavailable.ts';
import type { Job, JobDeps } from '../job.ts';
import { deploy } from '../stage/deploy.ts';
import { expire } from '../stage/expire.ts';
import { hold } from '../stage/hold.ts';
import { issue } from '../stage/issue.ts';
import { order } from '../stage/order.ts';
import { purge } from '../stage/purge.ts';
import { beginAgain, giveUp, isPastLastChance, renew } from '../stage/renew.ts';
import { validate } from '../stage/validate.ts';
import { withdraw } from '../stage/withdraw.ts';
import { failureFinding } from '../step/findings.ts';
import { waitAfter } from './wait-after.ts';

const JOBS: Readonly<Record<JobName, Job>> = {
  order,
  validate,
  issue,
  deploy,
  hold,
  expire,
  withdraw,
  purge,
  renew,
};

/** Carries a claimed pack on until it has to wait, or another took it. Throws only when the database fails. */
export async function run(deps: JobDeps, { id, claim, read }: Claimed, signal: AbortSignal): Promise<void> {
  let work: Work | undefined = workOn(await read(), deps.clock.now());
  for (let steps = 1; work && work.pack.claim === claim && !signal.aborted; steps++) {
    if (steps > MOST_STEPS) return void (await failed(deps, work, goesRound(work)));
    const { next, pack }: Stepped = await step(deps, work, signal);
    deps.moves.notify(id, next?.pack ?? pack);
    work = next;
  }
}

/** A pack comes from its order to the edges in a dozen steps. What takes more goes round in a circle, and is tried later. */
const MOST_STEPS = 60;

const goesRound = ({ pack, run: { status } }: Work): Error =>
  new Error(
    `certificate pack ${pack.id} made ${MOST_STEPS} steps without coming to rest; it is in ${status}`,
  );

/** What a step came to. */
interface Stepped {
  /** Undefined: the pack waits. */
  readonly next?: Work | undefined;
  /** The pack that waits, where it is known. */
  readonly pack?: Pack | undefined;
}

async function step(deps: JobDeps, work: Work, signal: AbortSignal): Promise<Stepped> {
  const { status } = work.run;
  try {
    const turned = await turn(deps, work);
    if (turned) return { next: turned };
    const { job } = LIFECYCLE[status];
    if (job) demandName(work.pack, job);
    const moved = job ? await JOBS[job](deps, work, signal) : await rest(deps, work);
    deps.onStep?.({ status, outcome: 'done' });
    return { next: moved };
  } catch (error) {
    if (signal.aborted) return {};
    deps.onStep?.({ status, outcome: 'failed' });
    return { pack: await failed(deps, work, error) };
  }
}

/** Throws `zone_not_active` where certificates are to be got for a zone whose name went to another account. */
function demandName({ zone }: Pack, job: JobName): void {
  if (zone.hasName || !GETTING.has(job)) return;
  throw new Fault('zone_not_active', inOne(nameLostWords(zone)));
}

const GETTING: ReadonlySet<JobName> = new Set(['order', 'validate', 'issue']);

/** What is next after the turn that time brought, if it did: of the pack itself first, then of its renewal. */
async function turn(deps: JobDeps, work: Work): Promise<Work | undefined> {
  const now = deps.clock.now();
  const { pack, run: current } = work;
  if (isToAdopt(pack, now)) return adoptNextCertificates(deps, pack);
  if (isLate(deps, pack)) return timeOut(deps, pack);
  if (current.kind === 'life') return undefined;
  // The end of a pack that was given up is its own job's.
  if (isOver(pack, now)) return lifeWork(pack);
  if (isPastLastChance(pack, now)) return giveUp(deps, pack);
  return isLate(deps, current) ? beginAgain(deps, work) : undefined;
}

/** Whether certificates that are there already are to take the place of what is over, or of what some edge does not show. */
const isToAdopt = (pack: Pack, now: Date): boolean =>
  isSucceeded(pack) &&
  (pack.driftedOn !== undefined ||
    ((isServed(pack.status) || pack.pair?.isStandby === true) && isOver(pack, now)));

/** What the subscriber can do about a stage that ran out, before what was wrong with it last. */
function whyLate({ status, type, validationErrors, driftedOn }: Pack): readonly string[] {
  const to = LIFECYCLE[status].late;
  if (driftedOn || to === undefined || LIFECYCLE[to].restart === undefined) return validationErrors;
  const last = validationErrors.length > 0 ? '; last seen:' : '';
  return [`${inOne(lateWords(status, { type }))}${last}`, ...validationErrors];
}

/** The status lasted too long; what was published for it goes. */
const timeOut = (deps: JobDeps, pack: Pack): Promise<Work> =>
  recordStep(deps, lifeWork(pack), {
    event: pack.driftedOn ? 'end' : 'late',
    change: { validationErrors: whyLate(pack), ...(pack.found && { found: pack.found }) },
    publishes: 'nothing',
  });

/**
 * Nobody works on the status: the pack is due again when it becomes late, if ever, or when the service takes up what it made
 * by itself.
 */
async function rest(deps: JobDeps, { pack, run: at }: Work): Promise<undefined> {
  const now = deps.clock.now();
  const again = takenUpAt(pack);
  const taken = again !== undefined && again <= now ? await takeUpManaged(deps, pack) : undefined;
  if (taken === 'taken') return;
  const next = taken === undefined ? again : taken === 'later' ? after(now, hours(1)) : undefined;
  await putDown(deps, pack, first([deadline(at), next]));
}

function isLate(deps: JobDeps, at: Omit<Run, 'kind' | 'attempts'>): boolean {
  const late = deadline(at);
  return LIFECYCLE[at.status].late !== undefined && late !== undefined && late <= deps.clock.now();
}

/**
 * A step failed: the pack says why and is tried again, later each time. Throws where it was the database that failed: that is
 * no trouble of the pack, which stays in the hands of this process.
 */
async function failed(deps: JobDeps, work: Work, error: unknown): Promise<Pack | undefined> {
  if (error instanceof Fault && error.fault === 'pack_moved') return undefined;
  if (unavailability(error)) throw error;
  const isForeseen = error instanceof Fault && error.fault !== 'internal';
  const { status } = work.run;
  deps.log[isForeseen ? 'info' : 'error']({ pack: work.pack.id, status, err: error }, 'work put off');
  const seconds = waitAfter(error, work.run);
  const validationErrors = [error instanceof Fault ? wordsOf(error) : inOne(UNFORESEEN)];
  const found = failureFinding(error, work);
  return putOff(deps, work, { seconds, validationErrors, found, ...anew(deps, error, seconds) });
}

/** What waits for a limit of its CA is not late for that: the time of its status begins when it goes on. */
const anew = ({ clock }: JobDeps, error: unknown, seconds: Seconds): { readonly statusSince?: Date } =>
  error instanceof Fault && error.fault === 'ca_limited' ? { statusSince: after(clock.now(), seconds) } : {};
