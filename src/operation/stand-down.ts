import { may } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import { lockPack } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { type By, override } from './advance.ts';
import type { AdvanceDeps } from './operation.ts';

/** Of a pack and its backup the one that stands by is taken off, if it is on any edge: the other was shown by all, or goes too. */
export async function standDown(tx: Tx, deps: AdvanceDeps, { zone, pair }: Pack, by: By = {}): Promise<void> {
  if (!pair || pair.isStandby) return;
  const other = await lockPack(tx, zone.id, pair.other);
  if (other?.pair?.isStandby && may(other.status, 'withdraw'))
    await override(tx, deps, other, { event: 'withdraw', ...by });
}
