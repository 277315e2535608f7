import { createHash } from 'node:crypto';
import { Fault, wordsOf } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { after, days, minutes, type Seconds } from '../kit/time.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { paceOf } from '../pack/move-in.ts';
import { ALGORITHMS, type Pack, type PackZone } from '../pack/pack.ts';
import type { StoredMoveIn } from '../store/move-in-row.ts';
import { findShared, getPace, lockPace, putMoveIn, putPace, takePlanned } from '../store/move-in-taking.ts';
import { getPack } from '../store/packs.ts';
import { type Pool, transaction } from '../store/store.ts';
import { EVERY_CELL } from '../store/zone-key.ts';
import { findZone } from '../store/zones.ts';
import { restartPack } from './change-pack.ts';
import { createPack } from './create-pack.ts';
import { type ManagedDeps, rowsFor } from './managed-policy.ts';
import type { OperationDeps } from './operation.ts';
import { supplierFor } from './order-managed.ts';
import { NO_QUOTAS } from './quotas.ts';
import { isRestartable } from './restart.ts';

/** What moves are gone on with by. */
export type MoveInDeps = OperationDeps & ManagedDeps & { readonly pool: Pool };

/** How long whoever takes a move has to order its pack, many times over. */
const TERM: Seconds = minutes(2);
/** How soon a pack that was ordered is looked at. */
const SOON: Seconds = 10;

/**
 * Orders the managed pack of the move that has least time, of those that are due, where the pace allows it: what all processes
 * order by this is no more than the configured number within any hour. False: none is due now. A process that ends in between
 * leaves nothing behind but the id under which the next one goes on.
 */
export async function orderMoveIn(deps: MoveInDeps): Promise<boolean> {
  const move = await takeNext(deps);
  if (!move) return false;
  try {
    await order(deps, move);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    await putOff(deps, move, wordsOf(error));
  }
  return true;
}

/** The orders of a pack and its backup. */
const ordersOf = ({ managed }: MoveInDeps, accountId: string): number =>
  ALGORITHMS.length * (managed.backups.backups.accounts.includes(accountId) ? 2 : 1);

async function takeNext(deps: MoveInDeps): Promise<StoredMoveIn | undefined> {
  const { pool, clock, managed } = deps;
  const perHour = managed.moveInOrders;
  if (perHour === 0 || isLater(perHour, await getPace(pool), clock.now())) return undefined;
  return transaction(pool, async (tx) => {
    const now = clock.now();
    if (isLater(perHour, await lockPace(tx), now)) return undefined;
    const taking = { cells: EVERY_CELL, now, until: after(now, TERM), packId: newUuid() };
    const move = await takePlanned(tx, taking);
    if (move) await putPace(tx, after(now, paceOf(perHour, ordersOf(deps, move.accountId), Math.random())));
    return move;
  });
}

/** Whether nothing is to be ordered yet. A time that no pace leads to is of a clock that was ahead: that is over. */
const isLater = (perHour: number, nextAt: Date, now: Date): boolean =>
  nextAt > now && nextAt <= after(now, paceOf(perHour, 2 * ALGORITHMS.length, 1));

async function order(deps: MoveInDeps, move: StoredMoveIn): Promise<void> {
  const { pool, clock } = deps;
  const zone = await findZone(pool, move.zoneId);
  if (!zone || !move.packId) return; // the zone went, and the move with it
  if (!(await isWanted(deps, move))) {
    const why = 'what was imported was deleted or replaced by its owner, so nothing is ordered in its place';
    return putMoveIn(pool, move, { status: 'cancelled', dueAt: undefined, why, finishedOn: clock.now() });
  }
  const packId = (await findShared(pool, move)) ?? move.packId;
  const there = await getPack(pool, zone.id, packId);
  if (!there) await orderPack(deps, move, { zone, id: packId });
  else if (isRestartable(there)) await restartPack(deps, { zoneId: zone.id, id: packId, by: byOf(move) });
  await putMoveIn(pool, move, { status: 'ordered', packId, dueAt: after(clock.now(), SOON) });
}

async function isWanted({ pool }: MoveInDeps, { zoneId, uploadId }: StoredMoveIn): Promise<boolean> {
  if (uploadId === undefined) return true;
  return isStanding(await getPack(pool, zoneId, uploadId));
}

/** Whether an import is what its owner wants served. */
export const isStanding = (pack: Pack | undefined): pack is Pack =>
  pack !== undefined && !isLeaving(pack.status) && pack.upload?.isCurrent === true;

/** Who has a pack ordered or deleted: whoever began the move, by the move. */
export const byOf = ({ by, id }: StoredMoveIn): StoredMoveIn['by'] => ({ ...by, request: id });

/** What it replaces was counted when it came, and a name when it was planned. */
async function orderPack(
  deps: MoveInDeps,
  move: StoredMoveIn,
  { zone, id }: { readonly zone: PackZone; readonly id: string },
): Promise<void> {
  const { managed, clock } = deps;
  const rows = rowsFor(managed, move.certificateAuthority);
  const from = supplierFor({ rows, names: move.hosts }, clock.now());
  if (!from) throw new Fault('ca_not_configured', 'no CA that is configured here issues for these names');
  const { row, validityDays } = from;
  const { validationMethod, hosts } = move;
  const wanted = {
    type: 'advanced',
    hosts,
    validationMethod,
    validityDays,
    certificateAuthority: row.name,
  } as const;
  const bodyHash = createHash('sha256').update(move.id).digest();
  await createPack(
    { ...deps, ...managed.backups, isApexDemanded: false, quotas: NO_QUOTAS },
    {
      zone,
      id,
      by: byOf(move),
      order: { ...wanted, environment: 'production', isBranded: false },
      request: { zoneId: zone.id, bodyHash, key: `move-in ${id}` },
      isRetry: false,
    },
  );
}

/** It is tried again after 10 minutes, 20, 40, … a day. */
const putOff = ({ pool, clock }: MoveInDeps, move: StoredMoveIn, why: string): Promise<void> =>
  putMoveIn(pool, move, {
    status: 'planned',
    why: why.slice(0, 1_000),
    dueAt: after(clock.now(), Math.min(minutes(10) * 2 ** (move.attempts - 1), days(1))),
  });
