import { Fault } from '../kit/fault.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { isOff } from '../pack/managed.ts';
import type { Pack } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import { getManagedSettings } from '../store/managed.ts';
import type { Tx } from '../store/store.ts';
import { lookAtNames, putOptOut, rangesOf } from '../store/total-tls.ts';
import { deleteHeld } from './delete-held.ts';
import { type Wish, withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';

/** A pack that somebody wants gone. */
export type DeleteWish = Wish & {
  /** Whether it is asked for as a certificate pack; what was made another way is deleted that way. */
  readonly isAsPack?: boolean;
};

/**
 * Has a pack taken off the edges and removed, its backup with it; one that is leaving already stays so. Whether its name gets no
 * other by Total TLS from then on. Throws `pack_not_found`, or `transition_refused` for a backup that serves, and for what is not
 * deleted so.
 */
export async function deletePack(
  deps: OperationDeps,
  { by, isAsPack = false, ...which }: DeleteWish,
): Promise<boolean> {
  let isOptedOut = false;
  await withLockedPack(deps.pool, which, async (tx, pack) => {
    const { id, type } = pack;
    if (isAsPack && !TYPES[type].api.delete) throw refused(id, `packs of type ${type} are not deleted so`);
    await checkUniversal(tx, pack);
    isOptedOut = isAsPack && isOptingOut(pack);
    if (isOptedOut) await optOut(tx, deps, pack);
    return deleteHeld(tx, deps, pack, { by });
  });
  return isOptedOut;
}

/** A backup can go: then its pack has none. */
async function checkUniversal(tx: Tx, { id, type, status, zone, pair }: Pack): Promise<void> {
  if (type !== 'universal' || isLeaving(status) || pair?.role === 'backup') return;
  if (!(await getManagedSettings(tx, zone.id)).isUniversalOn) return;
  const way = 'switch Universal off first (ssl/universal/settings)';
  throw refused(id, `it is the Universal pack of its zone; ${way}`);
}

/** Who deletes a pack of Total TLS wants none for its name; one that is off the edges is wanted by nobody as it is. */
const isOptingOut = ({ type, status, pair }: Pack): boolean =>
  type === 'total_tls' && !isLeaving(status) && !isOff({ status }) && pair?.role !== 'backup';

async function optOut(tx: Tx, { clock }: OperationDeps, { zone, hosts }: Pack): Promise<void> {
  const now = clock.now();
  for (const name of hosts) await putOptOut(tx, zone.id, name, now);
  // One that is to take its place, or whose place it was to take, goes too.
  await lookAtNames(tx, zone.id, { ranges: rangesOf(hosts), at: now });
}

const refused = (id: string, why: string): Fault =>
  new Fault('transition_refused', `certificate pack ${id} cannot be deleted: ${why}`);
