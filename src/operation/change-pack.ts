import { Fault } from '../kit/fault.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import type { Environment, Pack } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import { lockPack } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { takeOrd } from '../store/zones.ts';
import { amend, type By } from './advance.ts';
import { changeBranding } from './change-branding.ts';
import { deleteHeld } from './delete-held.ts';
import { demandActive } from './demand-active.ts';
import { type BackupDeps, noOffer, offerFor, withBackup } from './insert-backup.ts';
import { insertPack } from './insert-pack.ts';
import { type Wish, withLockedPack } from './locked-pack.ts';
import { movePack } from './move-pack.ts';
import type { OperationDeps } from './operation.ts';
import { isRestartable, restart } from './restart.ts';
import { retryNow } from './retry-now.ts';

/** What is wanted of a pack; undefined: as it is. */
export interface PackChange extends Wish {
  readonly isBranded?: boolean | undefined;
  readonly hasBackup?: boolean | undefined;
  /** Whose edges it is for. */
  readonly environment?: Environment | undefined;
}

/**
 * Sets what is asked for, restarts what timed out or expired, and tries at once what waits. Throws `pack_not_found`, and where it
 * cannot have a backup, or be without, `ca_not_configured` or `transition_refused`; `branding_not_configured`; as `movePack`;
 * `too_many_requests` where it was changed too often of late.
 */
export function changePack(
  deps: OperationDeps & BackupDeps,
  { by, isBranded, hasBackup, environment, ...which }: PackChange,
): Promise<Pack> {
  return withLockedPack(deps.pool, which, async (tx, found) => {
    if (!TYPES[found.type].api.patch) throw notSo(found);
    const pack = hasBackup === undefined ? found : await setBackup(tx, deps, found, { hasBackup, by });
    const isChanged = isBranded !== undefined && isBranded !== pack.isBranded;
    const changed = isChanged ? await changeBranding(tx, deps, pack, { isBranded, by }) : pack;
    const there = environment ? await movePack(tx, deps, changed, { environment, by }) : changed;
    return tryAgain(tx, deps, there, by);
  });
}

/** Restarts a pack that timed out or expired, and tries at once what waits. Throws as `changePack`. */
export function restartPack(deps: OperationDeps, { by, ...which }: Wish): Promise<Pack> {
  return withLockedPack(deps.pool, which, async (tx, pack) => {
    if (!TYPES[pack.type].api.patch) throw notSo(pack);
    return tryAgain(tx, deps, pack, by);
  });
}

const tryAgain = (tx: Tx, deps: OperationDeps, pack: Pack, by: Wish['by']): Promise<Pack> =>
  isRestartable(pack) ? restart(tx, deps, pack, { by }) : retryNow(tx, deps, pack, by);

/** Orders a backup for a pack that has none, or has the one that it has deleted. The pack as it is then. */
async function setBackup(
  tx: Tx,
  deps: BackupDeps,
  pack: Pack,
  { hasBackup, ...by }: { readonly hasBackup: boolean } & By,
): Promise<Pack> {
  const { pair, zone } = pack;
  if (pair?.role === 'backup') throw refused(`certificate pack ${pack.id} is a backup itself`);
  if (hasBackup === (pair !== undefined)) return pack;
  if (!pair) return addBackup(tx, deps, pack, by);
  const backup = await lockPack(tx, zone.id, pair.other);
  if (backup) await deleteHeld(tx, deps, backup, by);
  return (await lockPack(tx, zone.id, pack.id)) ?? pack;
}

async function addBackup(tx: Tx, deps: BackupDeps, pack: Pack, by: By): Promise<Pack> {
  if (isLeaving(pack.status)) throw refused(`a certificate pack in ${pack.status} gets no backup`);
  const offer = offerFor(deps, pack);
  if (!offer) throw noOffer(pack.certificateAuthority ?? 'none');
  const { ord, lane, zone } = await takeOrd(tx, pack.zone);
  demandActive({ ...pack.zone, ...zone });
  const backed = withBackup(deps, pack, { offer, ord });
  await insertPack(tx, deps, backed.backup, { lane, ...by });
  return amend(tx, deps, pack, { event: 'back_up', pair: backed.pack.pair, ...by });
}

const refused = (why: string): Fault => new Fault('transition_refused', why, { pointer: '/backup' });

const notSo = ({ id, type }: Pack): Fault =>
  new Fault('transition_refused', `certificate pack ${id} is of type ${type}, which is not changed so`);
