/** What becomes of packs that the service made by itself, in a transaction that holds their zone. */
import { isKept, may } from '../pack/lifecycle.ts';
import { isOff, nextOf, takenUpAt } from '../pack/managed.ts';
import type { Pack } from '../pack/pack.ts';
import { isSucceeded } from '../pack/renewal.ts';
import { deleteNextCertificates, promoteNextCertificates } from '../store/next-certificates.ts';
import { deleteOrders } from '../store/orders.ts';
import { lockPack } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { amend, type By, override } from './advance.ts';
import { deleteHeld } from './delete-held.ts';
import type { AdvanceDeps } from './operation.ts';
import { isRestartable, restart } from './restart.ts';
import { standDown } from './stand-down.ts';

/** One that is for the edges: not the one of a pack and its backup that stands by. */
export const isForEdges = ({ pair }: Pack): boolean => pair?.isStandby !== true;

/**
 * Has a pack go on that is wanted: puts it on the edges again, or tries them again. False: it is past that, and another is to
 * come in its place.
 */
export async function goOnWith(
  tx: Tx,
  deps: AdvanceDeps,
  pack: Pack,
  { isAtOnce = false, ...by }: By & { readonly isAtOnce?: boolean } = {},
): Promise<boolean> {
  const next = nextOf(pack, { isAtOnce, now: deps.clock.now() });
  if (next === 'replace') return false;
  if (next === 'restart') await restart(tx, deps, pack, by);
  if (next === 'redeploy') await redeploy(tx, deps, pack, by);
  return true;
}

/** A renewal that was under way when it was taken off has what it got by then, or begins anew when it is served. */
async function redeploy(tx: Tx, deps: AdvanceDeps, pack: Pack, by: By): Promise<void> {
  const coming = isSucceeded(pack) ? pack.renewal?.run?.certificates : undefined;
  const certificates = coming ?? pack.certificates;
  await deleteOrders(tx, pack);
  if (coming) await promoteNextCertificates(tx, pack);
  else await deleteNextCertificates(tx, pack);
  await override(tx, deps, pack, { event: 'promote', certificates, renewal: undefined, ...by });
}

/** What stands by was not renewed while its pack was off, and its day may have come; what was given up is begun anew. */
export async function rouse(tx: Tx, deps: AdvanceDeps, pack: Pack): Promise<void> {
  const at = takenUpAt(pack);
  if (at && at <= deps.clock.now() && isRestartable(pack)) await restart(tx, deps, pack);
  else if (isKept(pack.status) && pack.renewal?.run === undefined) await amend(tx, deps, pack, {});
}

/**
 * Takes a pack off the edges, and keeps it, with the other of it and its backup where that is still there for the time in which the
 * two change places; one that has no certificates to keep is removed.
 */
export async function withdraw(tx: Tx, deps: AdvanceDeps, pack: Pack, by: By = {}): Promise<void> {
  if (isOff(pack)) return;
  if (!may(pack.status, 'withdraw')) return removeWhole(tx, deps, pack, by);
  await override(tx, deps, pack, { event: 'withdraw', ...by });
  await standDown(tx, deps, pack, by);
}

/** A pack goes with its backup, whichever of the two is for the edges. */
export async function removeWhole(tx: Tx, deps: AdvanceDeps, pack: Pack, by: By = {}): Promise<void> {
  const { pair, zone } = pack;
  const ordered = pair?.role === 'backup' ? await lockPack(tx, zone.id, pair.other) : undefined;
  await deleteHeld(tx, deps, ordered ?? pack, by);
}
