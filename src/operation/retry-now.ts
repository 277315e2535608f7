import { between, type Seconds } from '../kit/time.ts';
import { isServed } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import type { Actor } from '../store/audit.ts';
import { isInHand } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { amend } from './advance.ts';
import type { AdvanceDeps } from './operation.ts';

/** No pack is tried sooner after it changed: whoever asks again and again is no load for others' servers. */
const LEAST_BETWEEN: Seconds = 10;

/**
 * What waits for its next try is tried at once: a look at validation records, or the renewal of a pack that is served. In a
 * transaction that holds the pack, which stays as it is where nothing waits.
 */
export async function retryNow(tx: Tx, deps: AdvanceDeps, pack: Pack, by: Actor): Promise<Pack> {
  const now = deps.clock.now();
  if (between(pack.modifiedOn, now) < LEAST_BETWEEN) return pack;
  // Whoever works on it may have just ordered: what he got would be lost, and ordered again.
  if (await isInHand(tx, pack, now)) return pack;
  const { renewal, status } = pack;
  if (status === 'pending_validation') return amend(tx, deps, pack, { event: 'hurry', attempts: 0, by });
  if (!renewal?.run || !isServed(status)) return pack;
  const hurried = { ...renewal, run: { ...renewal.run, attempts: 0 } };
  return amend(tx, deps, pack, { event: 'hurry', renewal: hurried, by });
}
