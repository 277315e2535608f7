import { after, between, type Seconds } from '../kit/time.ts';
import { isServed, LIFECYCLE } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import type { Actor } from '../store/audit.ts';
import { LEASE } from '../store/claims.ts';
import { isInHand } from '../store/packs.ts';
import { MOST_SKEW } from '../store/pull-in.ts';
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
  const since = between(pack.modifiedOn, now);
  // Written by a clock that was ahead: it waits by that, and not for a reason.
  const isAhead = since < -MOST_SKEW;
  if (since < LEAST_BETWEEN && !isAhead) return pack;
  // Whoever works on it may have just ordered: what he got would be lost, and ordered again.
  if (await isInHand(tx, pack, now, isAhead ? after(now, LEASE + MOST_SKEW) : undefined)) return pack;
  return waits(pack, isAhead)
    ? amend(tx, deps, pack, { event: 'hurry', attempts: 0, by })
    : hurry(tx, deps, pack, by);
}

/** Whether the pack itself waits for something that can be tried now. */
const waits = ({ status }: Pack, isAhead: boolean): boolean =>
  status === 'pending_validation' || (isAhead && LIFECYCLE[status].job !== undefined && !isServed(status));

/** Its renewal is tried at once, where one is under way. */
async function hurry(tx: Tx, deps: AdvanceDeps, pack: Pack, by: Actor): Promise<Pack> {
  const { renewal, status } = pack;
  if (!renewal?.run || !isServed(status)) return pack;
  const hurried = { ...renewal, run: { ...renewal.run, attempts: 0 } };
  return amend(tx, deps, pack, { event: 'hurry', renewal: hurried, by });
}
