import { Fault } from '../kit/fault.ts';
import { after, type Seconds } from '../kit/time.ts';
import { type Finding, foundOn } from '../pack/found.ts';
import { deadline, isKept, LIFECYCLE, next, type PackEvent } from '../pack/lifecycle.ts';
import type { Pack, Run } from '../pack/pack.ts';
import { turningPoint } from '../pack/renewal.ts';
import { RUNS } from '../pack/run.ts';
import { subscriberMessage } from '../pack/subscriber-message.ts';
import { type Actor, type PackEventRecord, WORKER } from '../store/audit.ts';
import { LEASE } from '../store/claims.ts';
import { promoteNextCertificates } from '../store/next-certificates.ts';
import { type RowChange, updatePack } from '../store/pack-writes.ts';
import type { Db } from '../store/store.ts';
import type { AdvanceDeps } from './operation.ts';
import { render } from './render.ts';
import { lifeWork, type Work, workOn } from './work.ts';

/** Leases are extended when a third of them is over, so one that ends sooner than this was ended from outside. */
const ENDED: Seconds = LEASE / 6;

/** What may change beside the status: of the pack, and of the run that is worked on. */
export type Change = Partial<
  Pick<
    Pack,
    | 'validationMethod'
    | 'isDelegated'
    | 'validationRecords'
    | 'delegations'
    | 'validationErrors'
    | 'isBranded'
    | 'brandedAs'
    | 'renewal'
    | 'pair'
    | 'driftedOn'
    | 'environment'
    | 'keptTo'
  > &
    Pick<Run, 'statusSince' | 'attempts' | 'certificates'> & {
      /** What holds it up; what was found before is over with every change. */
      readonly found: Finding;
    }
>;

/** Who does it: the workers, unless told. */
export interface By {
  readonly by?: Actor;
}

/** A move along the lifecycle, and what changes beside the status. */
export type Move = { readonly event: PackEvent } & By & Change;

/**
 * Moves what a worker has along the lifecycle, with all that changes beside it: the only writer of a status. The pack stays
 * in the worker's hands while the new status has work; no crash leaves it in a status that nobody works on, because the
 * lease ends. Throws `transition_refused`, or `pack_moved` where the worker lost the pack.
 */
export function advance(db: Db, deps: AdvanceDeps, work: Work, { event, ...change }: Move): Promise<Work> {
  const to = changed(deps, work, change, next(work.run.status, event));
  const isUnderWay = RUNS[to.run.kind].isAside && !isKept(to.run.status);
  const record = isUnderWay ? undefined : recordOf(RUNS[to.run.kind].isAside ? RENEWED : { event });
  return write(db, deps, work, { ...to, ...KEPT, dueAt: dueAfter(deps, to.run, LEASE), record });
}

const RENEWED = { event: 'renewed' };

/** What changes inside a status, and how it is called in the record, where it is to stand there. */
export type Step = Change & { readonly event?: string };

/** Writes a step inside a status; the worker goes on with the pack. Throws `pack_moved`. */
export function update(db: Db, deps: AdvanceDeps, work: Work, { event, ...change }: Step): Promise<Work> {
  const to = changed(deps, work, change);
  const record = event === undefined ? undefined : recordOf({ event });
  return write(db, deps, work, { ...to, ...KEPT, dueAt: after(deps.clock.now(), LEASE), record });
}

/** A wait, and what is written with it: why, mostly. */
export type Wait = { readonly seconds: Seconds } & Change;

/**
 * Puts a pack down until `seconds` from now, or until its status is late if that is sooner, and counts the attempt. Throws
 * `pack_moved`.
 */
export function postpone(db: Db, deps: AdvanceDeps, work: Work, { seconds, ...change }: Wait): Promise<Work> {
  const now = deps.clock.now();
  const to = changed(deps, work, { attempts: work.run.attempts + 1, ...change });
  const turns = [deadline(to.run), RUNS[to.run.kind].isAside ? turningPoint(work.pack) : undefined];
  const dueAt = first([after(now, seconds), ...turns.filter((turn) => turn && turn > now)]);
  const how = { isFreed: false, isPutDown: true, staysDueAt: after(now, ENDED), record: undefined };
  return write(db, deps, work, { ...to, ...how, dueAt });
}

/**
 * As `advance`, for a wish from outside: takes the pack from whoever works on it and makes it due at once. It is the pack
 * itself that moves, whatever else is under way.
 */
export async function override(db: Db, deps: AdvanceDeps, pack: Pack, move: Move): Promise<Pack> {
  const { event, by, ...change } = move;
  const work = lifeWork(pack);
  const to = changed(deps, work, change, next(pack.status, event));
  const how = { ...TAKEN, dueAt: dueAfter(deps, to.run, 0), record: recordOf({ event, by }) };
  return (await write(db, deps, work, { ...to, ...how })).pack;
}

/** Changes of a pack inside its status, for a wish from outside: takes it from its worker and makes it due. */
export async function amend(db: Db, deps: AdvanceDeps, pack: Pack, step: Step & By): Promise<Pack> {
  const { by, event = 'amend', ...change } = step;
  const work = lifeWork(pack);
  const to = changed(deps, work, change);
  const how = { ...TAKEN, dueAt: dueAfter(deps, to.run, 0), record: recordOf({ event, by }) };
  return (await write(db, deps, work, { ...to, ...how })).pack;
}

/** The worker keeps the pack; or whoever has it loses it. */
const KEPT = { isFreed: false, isPutDown: false } as const;
const TAKEN = { isFreed: true, isPutDown: true } as const;

/** The earliest of instants, as far as there are any. */
export const first = (instants: readonly (Date | undefined)[]): Date | undefined =>
  instants.reduce((one, other) => (one && other ? (one < other ? one : other) : (one ?? other)), undefined);

/** The fault of whoever lost a pack. */
export const packMoved = ({ id }: Pick<Pack, 'id'>): Fault =>
  new Fault('pack_moved', `certificate pack ${id} was changed meanwhile; ask again`);

/** How an event is recorded. */
export const recordOf = ({
  event,
  by = WORKER,
}: {
  readonly event: string;
  readonly by?: Actor | undefined;
}): PackEventRecord => ({ event, actor: by });

/** When what is to be worked on is due; what nobody works on, when it becomes late. */
const dueAfter = ({ clock }: AdvanceDeps, run: Run, seconds: Seconds): Date | undefined =>
  LIFECYCLE[run.status].job ? after(clock.now(), seconds) : deadline(run);

/** Pack and run with a change, and with the status to which they moved. */
function changed(
  { clock }: AdvanceDeps,
  { pack, run }: Work,
  { statusSince, attempts, certificates, found, ...ofPack }: Change,
  status?: Run['status'],
): { readonly to: Pack; readonly run: Run } {
  const now = clock.now();
  const ofRun = {
    ...(status !== undefined && { status, statusSince: now, attempts: 0 }),
    ...(statusSince !== undefined && { statusSince }),
    ...(attempts !== undefined && { attempts }),
    ...(certificates !== undefined && { certificates }),
  };
  const validationErrors = (ofPack.validationErrors ?? pack.validationErrors).map((message) =>
    subscriberMessage(pack.hosts, message),
  );
  const to = { ...pack, ...ofPack, validationErrors, found: found && foundOn(found, now), modifiedOn: now };
  return { to, run: { ...run, ...ofRun } };
}

interface Written extends Omit<RowChange, keyof ReturnType<typeof render>> {
  /** The pack without what its run changes of it. */
  readonly to: Pack;
  readonly run: Run;
}

async function write(db: Db, deps: AdvanceDeps, from: Work, { to, run, ...how }: Written): Promise<Work> {
  const { settle, isAside } = RUNS[run.kind];
  const settled = settle(to, run);
  if (!(await updatePack(db, from.pack, settled, { ...render(deps, settled), ...how })))
    throw packMoved(from.pack);
  if (isAside && isKept(run.status)) await promoteNextCertificates(db, settled);
  const claim = how.isFreed ? settled.claim + 1 : settled.claim;
  return workOn({ ...settled, claim }, settled.modifiedOn, from.orders);
}
