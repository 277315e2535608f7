import { may } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import { lockPack } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { override } from './advance.ts';
import type { AdvanceDeps } from './operation.ts';

/** Every edge showed a pack: the other of it and its backup is taken off, if it stands by and is on any. */
export async function standDown(tx: Tx, deps: AdvanceDeps, { zone, pair }: Pack): Promise<void> {
  if (!pair || pair.isStandby) return;
  const other = await lockPack(tx, zone.id, pair.other);
  if (other?.pair?.isStandby && may(other.status, 'withdraw'))
    await override(tx, deps, other, { event: 'withdraw' });
}
