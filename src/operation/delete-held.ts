import { Fault } from '../kit/fault.ts';
import { isLeaving, may } from '../pack/lifecycle.ts';
import { isOff } from '../pack/managed.ts';
import type { Pack } from '../pack/pack.ts';
import { isOver } from '../pack/renewal.ts';
import { lockPack } from '../store/packs.ts';
import { giveWay } from '../store/served-hosts.ts';
import type { Tx } from '../store/store.ts';
import { amend, type By, override } from './advance.ts';
import type { AdvanceDeps } from './operation.ts';
import { releaseNames } from './release-names.ts';

interface Deletion extends By {
  /** Whether a backup goes also while it serves. */
  readonly isUrgent?: boolean;
}

/**
 * Has a pack taken off the edges and removed, its backup with it, in a transaction that holds it; one that is leaving already
 * stays so. Throws `transition_refused` for a backup that serves in the place of its pack.
 */
export async function deleteHeld(tx: Tx, deps: AdvanceDeps, pack: Pack, how: Deletion): Promise<Pack> {
  if (isLeaving(pack.status)) return pack;
  const { isUrgent = false, ...by } = how;
  const { pair, zone } = pack;
  const other = pair && (await lockPack(tx, zone.id, pair.other));
  if (other && !isLeaving(other.status)) {
    if (pair.role === 'ordered') await override(tx, deps, other, { event: 'delete', ...by });
    else await part(tx, deps, { pack, other, isUrgent, by });
  }
  await releaseNames(tx, pack, deps.clock.now());
  return override(tx, deps, pack, { event: 'delete', ...by });
}

interface Parting {
  readonly pack: Pack;
  readonly other: Pack;
  readonly isUrgent: boolean;
  readonly by: By;
}

/** Leaves a pack without the backup that goes; where that served in its place, and is not off the edges, it serves again, if it can. */
async function part(tx: Tx, deps: AdvanceDeps, { pack, other, isUrgent, by }: Parting): Promise<void> {
  if (pack.pair?.isStandby) return void (await amend(tx, deps, other, { pair: undefined, ...by }));
  if (!isUrgent) throw serves(pack, other);
  await giveWay(tx, pack, true);
  await giveWay(tx, other, false);
  const event = other.environment === 'staging' ? 'stage' : 'promote';
  const isWanted = !isOff(pack) && isOff(other);
  if (isWanted && may(other.status, event) && !isOver(other, deps.clock.now()))
    await override(tx, deps, other, { event, pair: undefined, ...by });
  else await amend(tx, deps, other, { pair: undefined, ...by });
}

const serves = ({ id }: Pack, other: Pack): Fault =>
  new Fault(
    'transition_refused',
    `certificate pack ${id} is a backup and serves in the place of ${other.id}: have them change places first, or delete that`,
  );
