import { Fault } from '../kit/fault.ts';
import { between, minutes } from '../kit/time.ts';
import { toName } from '../pack/hosts.ts';
import { isKept, isLeaving, isServed, may, type PackEvent } from '../pack/lifecycle.ts';
import { isManaged, isOff } from '../pack/managed.ts';
import type { Pack, Pairing } from '../pack/pack.ts';
import { isOver } from '../pack/renewal.ts';
import { isOpen } from '../pack/zone-life.ts';
import { logChange } from '../store/edge-changes.ts';
import { lockPack } from '../store/packs.ts';
import { giveWay } from '../store/served-hosts.ts';
import { type Tx, transaction } from '../store/store.ts';
import { lastSwap, noteSwap } from '../store/swaps.ts';
import { touchZone } from '../store/zones.ts';
import { amend, type By, override } from './advance.ts';
import { packNotFound, type Wish } from './locked-pack.ts';
import type { AdvanceDeps, OperationDeps } from './operation.ts';

/** A pack and its backup after they changed places, or as they were. */
export interface Swapped {
  /** The one for the edges: it is there, or on its way. */
  readonly serving: Pack;
  readonly standby: Pack;
  /** False: the call repeated the one before. */
  readonly isChanged: boolean;
}

/** For so long a call on the same pack is taken for a repetition of the one before. */
const REPEATED = minutes(2);

/**
 * Has a pack and its backup change places: the one that stands by goes to the edges, and the other is taken off once every edge
 * showed it. No CA is asked. Throws `pack_not_found`, `no_backup`, or `backup_not_ready` where the one that stands by has no
 * certificates that are good, or nothing is to be served in their place. A pair that changed places at `unlessSince` or later stays as it is.
 */
export function failOver(
  deps: OperationDeps,
  { zoneId, id, by, unlessSince }: Wish & { readonly unlessSince?: Date },
): Promise<Swapped> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zoneId);
    const { up, down, backup } = await lockBoth(tx, zoneId, id);
    const now = deps.clock.now();
    const last = await lastSwap(tx, backup);
    if (last?.packId === id && Math.abs(between(last.on, now)) < REPEATED)
      return { serving: down, standby: up, isChanged: false };
    if (last && unlessSince && last.on >= unlessSince)
      return { serving: down, standby: up, isChanged: false };
    checkReady(up, now);
    checkPlace(up, down);
    const swapped = await swap(tx, deps, { up, down, by });
    await noteSwap(tx, backup, { packId: id, on: now });
    return { ...swapped, isChanged: true };
  });
}

/** A pack and the other of it and its backup, by what they are to each other. */
async function lockBoth(tx: Tx, zoneId: string, id: string) {
  const pack = await lockPack(tx, zoneId, id);
  if (!pack) throw packNotFound(id);
  const { pair } = pack;
  const other = pair && (await lockPack(tx, zoneId, pair.other));
  if (!other?.pair) throw noBackup(pack);
  const backup = pair?.role === 'backup' ? pack : other;
  return pair?.isStandby ? { up: pack, down: other, backup } : { up: other, down: pack, backup };
}

const noBackup = ({ id }: Pack): Fault =>
  new Fault('no_backup', `certificate pack ${id} has no backup; PATCH it with {"backup": true} for one`);

/** Throws where a pack cannot be served from what it has. */
function checkReady(up: Pack, now: Date): void {
  const { id, status } = up;
  if (isOver(up, now) || status === 'expired')
    throw notReady(`the certificates of ${id}, which is to be served, have ended; PATCH it to order anew`);
  if (status === 'holding_deployment') throw notReady(heldBack(up));
  if (isLeaving(status)) throw notReady(`certificate pack ${id}, which is to be served, is being deleted`);
  if (!isKept(status) && toEdges(up) === undefined && !ON_THE_WAY.includes(status))
    throw notReady(`certificate pack ${id}, which is to be served, is not issued yet: it is in ${status}`);
}

/** Throws where nothing is to be on the edges in the place of a pack and its backup. */
function checkPlace(up: Pack, down: Pack): void {
  const isThere = [up, down].some(({ status }) => isServed(status) || ON_THE_WAY.includes(status));
  if (!isThere && !isOpen(down.zone)) throw notReady(heldBack(down));
  if (down.status === 'holding_deployment') throw notReady(heldBack(down));
  if (isManaged(down) && isOff(down))
    throw notReady(
      `certificate pack ${down.id} is off the edges, and so is its other: ${down.type} is off, or waits`,
    );
}

const heldBack = ({ id }: Pack): string =>
  `certificate pack ${id} is held until its zone is active and not paused, and so is its other`;

const notReady = (why: string): Fault => new Fault('backup_not_ready', why);

/** Statuses in which a pack is being put onto edges. */
const ON_THE_WAY: readonly Pack['status'][] = ['pending_deployment', 'staging_deployment'];

/** The event by which a pack that is off the edges, or goes, comes back to them; undefined: there is none. */
function toEdges({ status, environment }: Pack): PackEvent | undefined {
  if (isServed(status) || ON_THE_WAY.includes(status)) return undefined;
  if (environment === 'staging') return may(status, 'stage') ? 'stage' : undefined;
  return may(status, 'promote') ? 'promote' : status === 'deployment_timed_out' ? 'restart' : undefined;
}

/** The two that change places, and who has them do so. */
interface Places extends By {
  readonly up: Pack;
  readonly down: Pack;
}

/** What is served already needs no proof: then the other goes at once. */
async function swap(
  tx: Tx,
  deps: AdvanceDeps,
  { up, down, by }: Places,
): Promise<Omit<Swapped, 'isChanged'>> {
  const who = by ? { by } : {};
  const event = toEdges(up);
  const raised = { pair: asPlaced(up, false), ...who };
  const lowered = { pair: asPlaced(down, true), ...who };
  const serving = event
    ? await override(tx, deps, up, { event, validationErrors: [], ...raised })
    : await amend(tx, deps, up, { event: FAILOVER, ...raised });
  const standby =
    isServed(up.status) && may(down.status, 'withdraw')
      ? await override(tx, deps, down, { event: 'withdraw', ...lowered })
      : await amend(tx, deps, down, { event: FAILOVER, ...lowered });
  await giveWay(tx, down, true);
  if (await giveWay(tx, up, false))
    await logChange(tx, { environment: up.environment, hosts: up.hosts.map(toName) }, deps.clock.now());
  return { serving, standby };
}

/** How a change of places is called in the record, of whoever keeps its status for now. */
const FAILOVER = 'failover';

function asPlaced({ id, pair }: Pack, isStandby: boolean): Pairing {
  if (!pair) throw new Error(`certificate pack ${id} has no other`);
  return { ...pair, isStandby };
}
