import { after, between, type Seconds } from '../kit/time.ts';
import { isKept, LIFECYCLE } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import type { Actor } from '../store/audit.ts';
import { LEASE } from '../store/claims.ts';
import { isInHand } from '../store/packs.ts';
import { MOST_SKEW } from '../store/pull-in.ts';
import type { Tx } from '../store/store.ts';
import { amend, type Change } from './advance.ts';
import type { AdvanceDeps } from './operation.ts';

/** No pack is tried sooner after it changed: whoever asks again and again is no load for others' servers. */
export const LEAST_BETWEEN: Seconds = 10;

/**
 * What waits for its next try is tried at once: a look at validation records, or the renewal of a pack that is kept. In a
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
  const change = hurried(pack, isAhead);
  return change ? amend(tx, deps, pack, { event: 'hurry', ...change, by }) : pack;
}

/** The change by which a pack's next try is its first again; undefined where nothing waits. */
function hurried({ renewal, status }: Pack, isAhead: boolean): Change | undefined {
  const isWorkedOn = LIFECYCLE[status].job !== undefined && !isKept(status);
  if (status === 'pending_validation' || (isAhead && isWorkedOn)) return { attempts: 0 };
  if (!renewal?.run || !isKept(status)) return undefined;
  return { renewal: { ...renewal, run: { ...renewal.run, attempts: 0 } } };
}
