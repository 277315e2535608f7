import { certificateNames } from '../pack/branding.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { PACK_STATUSES, type Pack } from '../pack/pack.ts';
import { releaseNames as release } from '../store/authorizations.ts';
import type { Tx } from '../store/store.ts';

const LEAVING = PACK_STATUSES.filter(isLeaving);

/** Has what was shown for a pack that goes given up at its CA, as far as no other pack of the zone has the name. */
export const releaseNames = (tx: Tx, pack: Pack, now: Date): Promise<void> =>
  release(tx, pack, { names: certificateNames(pack), leaving: LEAVING, now });
