import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { after, type Seconds } from '../kit/time.ts';
import { toName } from '../pack/hosts.ts';
import { deadline, isServed, LIFECYCLE, next, type PackEvent } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import { JSON_VERSION, type JsonContext, toPackJson } from '../pack/pack-json.ts';
import { carried, settled, turningPoint } from '../pack/renewal.ts';
import { subscriberMessage } from '../pack/subscriber-message.ts';
import { type Actor, type PackEventRecord, WORKER } from '../store/audit.ts';
import { LEASE } from '../store/claims.ts';
import { promoteNextCertificates } from '../store/next-certificates.ts';
import { type Change, deletePack, insertPack, updatePack } from '../store/pack-writes.ts';
import { isHeld, type RowAside } from '../store/packs.ts';
import type { Db, Tx } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';

/** What writing a pack down needs. */
export interface AdvanceDeps {
  readonly clock: Clock;
  readonly json: JsonContext;
}

/** Leases are extended when a third of them is over, so one that ends sooner than this was ended from outside. */
const ENDED: Seconds = LEASE / 6;

/** What may change of a pack beside its status. */
export type PackChange = Partial<
  Pick<
    Pack,
    | 'validationRecords'
    | 'validationErrors'
    | 'certificates'
    | 'attempts'
    | 'isBranded'
    | 'statusSince'
    | 'renewal'
  >
>;

/** Who does it: the workers, unless told. */
interface By {
  readonly by?: Actor;
}

/** A move along the lifecycle, and what changes beside the status. */
export type Move = { readonly event: PackEvent } & By & PackChange;

/**
 * Moves a pack that a worker has along its lifecycle, with all that changes beside it. The pack stays in
 * the worker's hands while its new status has work; no crash leaves it in a status that nobody works on,
 * because the lease ends. What stands for a renewal moves along the renewal's course; at its end the pack has the new
 * certificates. Throws `transition_refused`, or `pack_moved` where the worker lost the pack.
 */
export function advance(db: Db, deps: AdvanceDeps, pack: Pack, step: Move): Promise<Pack> {
  const to = move(deps, pack, step);
  const dueAt = LIFECYCLE[to.status].job ? after(deps.clock.now(), LEASE) : deadline(to);
  const isInCourse = pack.behind && !isServed(to.status);
  const deed = isInCourse ? undefined : deedOf(pack.behind ? RENEWED : step);
  return write(db, deps, { pack, to, dueAt, isFreed: false, isPutDown: false, deed });
}

const RENEWED = { event: 'renewed' };

/**
 * As `advance`, for a wish from outside: takes the pack from whoever works on it and makes it due at once.
 */
export function override(db: Db, deps: AdvanceDeps, pack: Pack, step: Move): Promise<Pack> {
  const to = move(deps, pack, step);
  const dueAt = LIFECYCLE[to.status].job ? deps.clock.now() : deadline(to);
  return write(db, deps, { pack, to, dueAt, isFreed: true, isPutDown: true, deed: deedOf(step) });
}

/** What changes inside a status, and how it is called in the record. */
type Step = PackChange & { readonly event?: string };

/**
 * Writes a step inside a status; the worker goes on with the pack. Recorded where it has a name. Throws `pack_moved`.
 */
export function update(db: Db, deps: AdvanceDeps, pack: Pack, { event, ...change }: Step): Promise<Pack> {
  const to = { ...pack, ...change, modifiedOn: deps.clock.now() };
  const dueAt = after(deps.clock.now(), LEASE);
  const deed = event === undefined ? undefined : deedOf({ event });
  return write(db, deps, { pack, to, dueAt, isFreed: false, isPutDown: false, deed });
}

/** A wait, and what is written with it: why, mostly. */
export type Wait = { readonly seconds: Seconds } & PackChange;

/**
 * Puts a pack down until `seconds` from now, or until its status is late if that is sooner, and counts the
 * attempt. Throws `pack_moved`.
 */
export function postpone(db: Db, deps: AdvanceDeps, pack: Pack, { seconds, ...change }: Wait): Promise<Pack> {
  const now = deps.clock.now();
  const to = { ...pack, attempts: pack.attempts + 1, ...change, modifiedOn: now };
  const turns = [deadline(to), pack.behind && turningPoint(pack.behind)];
  const dueAt = first([after(now, seconds), ...turns.filter((turn) => turn && turn > now)]);
  return write(db, deps, {
    pack,
    to,
    dueAt,
    isFreed: false,
    isPutDown: true,
    staysDueAt: after(now, ENDED),
    deed: undefined,
  });
}

/** The earliest of instants, as far as there are any. */
export const first = (instants: readonly (Date | undefined)[]): Date | undefined =>
  instants.reduce((one, other) => (one && other ? (one < other ? one : other) : (one ?? other)), undefined);

/** Changes of a pack inside its status, for a wish from outside: takes it from its worker and makes it due. */
export function amend(
  db: Db,
  deps: AdvanceDeps,
  pack: Pack,
  { by, event = 'amend', ...change }: Step & By,
): Promise<Pack> {
  const to = { ...pack, ...change, modifiedOn: deps.clock.now() };
  const dueAt = LIFECYCLE[to.status].job ? deps.clock.now() : deadline(to);
  const deed = deedOf({ event, ...(by !== undefined && { by }) });
  return write(db, deps, { pack, to, dueAt, isFreed: true, isPutDown: true, deed });
}

/** Stores a new pack, due at once, in a transaction that holds its zone. */
export async function insert(
  tx: Tx,
  deps: AdvanceDeps,
  pack: Pack,
  { lane, by }: { readonly lane: number } & By,
): Promise<void> {
  const deed = deedOf({ event: 'order', ...(by !== undefined && { by }) });
  const filing = { ...render(deps, pack), dueAt: deps.clock.now(), ...deed };
  await insertPack(tx, pack, { lane, names: pack.hosts.map(toName) }, filing);
}

const deedOf = ({ event, by = WORKER }: { readonly event: string } & By): PackEventRecord => ({
  event,
  actor: by,
});

/** Locks a pack and its zone for a step beside its row. Throws `pack_moved` where the worker lost the pack. */
export async function lockHeld(tx: Tx, pack: Pack): Promise<void> {
  await touchZone(tx, pack.zone.id);
  if (!(await isHeld(tx, pack))) throw moved(pack);
}

/** Removes a pack with its certificates and sealed keys. Throws `pack_moved` where the worker lost the pack. */
export async function remove(tx: Tx, pack: Pack): Promise<void> {
  await touchZone(tx, pack.zone.id);
  if (!(await deletePack(tx, pack))) throw moved(pack);
}

const moved = ({ id }: Pack): Fault =>
  new Fault('pack_moved', `certificate pack ${id} was changed meanwhile; ask again`);

/** The JSON of a pack as it is stored in its row. */
export const render = (deps: AdvanceDeps, pack: Pack): Omit<RowAside, 'dueAt'> => ({
  json: JSON.stringify(toPackJson(pack, deps.json)),
  jsonVersion: JSON_VERSION,
});

function move(deps: AdvanceDeps, pack: Pack, step: Move): Pack {
  const { event, by: _, ...change } = step;
  const now = deps.clock.now();
  const status = next(pack.status, event);
  return { ...pack, attempts: 0, ...change, status, statusSince: now, modifiedOn: now };
}

interface Write extends Omit<Change, keyof ReturnType<typeof render>> {
  /** As it was read. */
  readonly pack: Pack;
  readonly to: Pack;
}

async function write(db: Db, deps: AdvanceDeps, { pack, to: wanted, ...when }: Write): Promise<Pack> {
  const validationErrors = wanted.validationErrors.map((message) => subscriberMessage(wanted.hosts, message));
  const to = settled({ ...wanted, validationErrors });
  if (!(await updatePack(db, pack.behind ?? pack, to, { ...render(deps, to), ...when }))) throw moved(pack);
  if (pack.behind && isServed(wanted.status)) await promoteNextCertificates(db, pack.id);
  return when.isFreed ? { ...to, claim: to.claim + 1 } : carried(to, to.modifiedOn);
}
