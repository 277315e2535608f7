import { after, between, days, hours, minutes, type Seconds } from '../kit/time.ts';
import { toName } from '../pack/hosts.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import { logChange } from '../store/edge-changes.ts';
import type { StoredMoveIn } from '../store/move-in-row.ts';
import { type MoveInChange, putMoveIn } from '../store/move-in-taking.ts';
import { lockMoveIn } from '../store/move-ins.ts';
import { lockPack } from '../store/packs.ts';
import { yieldNames } from '../store/served-hosts.ts';
import { type Tx, transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import type { ServedChange } from './assign-to-edges.ts';
import { deleteHeld } from './delete-held.ts';
import { endReplaced } from './end-replaced.ts';
import { noteMoveIn } from './note-move-in.ts';
import type { OperationDeps } from './operation.ts';
import { byOf, isStanding } from './order-move-in.ts';
import { restart } from './restart.ts';

/** How long edges may take to show the managed pack; then what was imported is back in its place. */
const LONGEST_PROOF: Seconds = minutes(15);
/** How soon it is looked at again: while edges are asked, while a CA issues, and while somebody has to show control. */
const [WHILE_PROVING, WHILE_ISSUED, WHILE_VALIDATED] = [3, 20, minutes(5)];

/**
 * Goes on with a move whose managed pack was ordered. Once that is issued, what was imported gives way, and stays on the edges
 * behind it until each edge has shown the managed pack; then it is deleted. Where one does not, it is back in its place. What changed,
 * for the edges to be told of.
 */
export function proveMoveIn(
  deps: OperationDeps,
  { zoneId, id }: StoredMoveIn,
): Promise<ServedChange | undefined> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zoneId);
    const move = await lockMoveIn(tx, { zoneId, id });
    if (!move || (move.status !== 'ordered' && move.status !== 'proving')) return undefined;
    const managed = move.packId ? await lockPack(tx, zoneId, move.packId) : undefined;
    const upload = move.uploadId ? await lockPack(tx, zoneId, move.uploadId) : undefined;
    const standing = isStanding(upload) ? upload : undefined;
    return goOn(tx, deps, { move, managed, standing });
  });
}

interface Seen {
  readonly move: StoredMoveIn;
  readonly managed: Pack | undefined;
  /** What was imported, where it is there still. */
  readonly standing: Pack | undefined;
}

async function goOn(tx: Tx, deps: OperationDeps, seen: Seen): Promise<ServedChange | undefined> {
  const { move, managed, standing } = seen;
  if (!managed || isLeaving(managed.status))
    return cancel(tx, deps, { ...seen, why: 'its managed pack was deleted by its owner' });
  if (managed.status === 'active') return finish(tx, deps, { move, standing });
  const now = deps.clock.now();
  if (move.status === 'proving' && standing) {
    if (between(move.provingSince ?? now, now) < LONGEST_PROOF) {
      await wait(tx, deps, move, { seconds: WHILE_PROVING });
      return undefined;
    }
    const why = `no proof by every edge within ${LONGEST_PROOF / 60} minutes: ${reasonOf(managed)}`;
    await putMoveIn(tx, move, { status: 'ordered', dueAt: after(now, hours(1)), why });
    return giveWay(tx, deps, standing, false);
  }
  if (standing && isReady(managed)) return begin(tx, deps, { move, managed, standing });
  await waitFor(tx, deps, move, managed);
  return undefined;
}

/** Whether a pack has certificates and nothing is between it and the edges but what was imported. */
const isReady = ({ status, certificates }: Pack): boolean =>
  certificates.length > 0 && (status === 'pending_deployment' || status === 'deployment_timed_out');

/** What was imported gives way; edges show the managed pack from now on, and are asked for it. */
async function begin(
  tx: Tx,
  deps: OperationDeps,
  { move, managed, standing }: { readonly [K in keyof Seen]-?: NonNullable<Seen[K]> },
): Promise<ServedChange | undefined> {
  if (managed.status === 'deployment_timed_out') await restart(tx, deps, managed, { by: byOf(move) });
  const now = deps.clock.now();
  const dueAt = after(now, WHILE_PROVING);
  await putMoveIn(tx, move, { status: 'proving', dueAt, provingSince: now });
  return giveWay(tx, deps, standing, true);
}

async function giveWay(
  tx: Tx,
  { clock }: OperationDeps,
  standing: Pack,
  isYielding: boolean,
): Promise<ServedChange | undefined> {
  if (!(await yieldNames(tx, standing, isYielding))) return undefined;
  const change = { environment: standing.environment, hosts: standing.hosts.map(toName) };
  await logChange(tx, change, clock.now());
  return change;
}

/** Every edge has shown the managed pack: what was imported goes. */
async function finish(
  tx: Tx,
  deps: OperationDeps,
  { move, standing }: Pick<Seen, 'move' | 'standing'>,
): Promise<undefined> {
  const by = { by: byOf(move) };
  if (standing) {
    await endReplaced(tx, deps, standing, by);
    await deleteHeld(tx, deps, standing, by);
  }
  await putMoveIn(tx, move, { status: 'done', dueAt: undefined, finishedOn: deps.clock.now() });
  await noteMoveIn(tx, deps, move, 'finish');
  return undefined;
}

/** Ends a move; what was imported is in its place again, where it gave way. */
async function cancel(
  tx: Tx,
  deps: OperationDeps,
  { move, standing, why }: Pick<Seen, 'move' | 'standing'> & { readonly why: string },
): Promise<ServedChange | undefined> {
  await putMoveIn(tx, move, { status: 'cancelled', dueAt: undefined, why, finishedOn: deps.clock.now() });
  await noteMoveIn(tx, deps, move, 'cancel');
  return standing && move.status === 'proving' ? giveWay(tx, deps, standing, false) : undefined;
}

/** What has to happen first, and when it is looked at again. */
async function waitFor(tx: Tx, deps: OperationDeps, move: StoredMoveIn, managed: Pack): Promise<void> {
  const { status } = managed;
  // It takes another order, and so its turn among those that are planned.
  if (status === 'validation_timed_out' || status === 'issuance_timed_out')
    return wait(tx, deps, move, {
      status: 'planned',
      seconds: days(1),
      why: `${status}: ${reasonOf(managed)}`,
    });
  const seconds = status === 'pending_validation' ? WHILE_VALIDATED : WHILE_ISSUED;
  await wait(tx, deps, move, { seconds, why: managed.validationErrors[0] });
}

const reasonOf = ({ validationErrors }: Pack): string => validationErrors[0] ?? 'nothing more is known';

const wait = (
  tx: Tx,
  { clock }: OperationDeps,
  move: StoredMoveIn,
  { seconds, ...change }: Partial<MoveInChange> & { readonly seconds: Seconds },
): Promise<void> =>
  putMoveIn(tx, move, {
    status: move.status,
    provingSince: move.provingSince,
    ...change,
    why: change.why?.slice(0, 1_000),
    dueAt: after(clock.now(), seconds),
  });

/**
 * Ends a move at its owner's wish: what was imported serves until it ends, and a pack that was ordered goes its own way. One that is
 * at its end stays so. What changed, for the edges to be told of.
 */
export function cancelMoveIn(
  deps: OperationDeps,
  { zoneId, id, by }: Pick<StoredMoveIn, 'zoneId' | 'id' | 'by'>,
): Promise<ServedChange | undefined> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zoneId);
    const move = await lockMoveIn(tx, { zoneId, id });
    if (!move || move.status === 'done' || move.status === 'cancelled') return undefined;
    const upload = move.uploadId ? await lockPack(tx, zoneId, move.uploadId) : undefined;
    const standing = isStanding(upload) ? upload : undefined;
    return cancel(tx, deps, { move: { ...move, by }, standing, why: 'cancelled by its owner' });
  });
}
