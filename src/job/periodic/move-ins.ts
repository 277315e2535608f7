/** Names that move in: their managed packs are ordered at the configured pace, and take the place of what was imported. */
import { Fault } from '../../kit/fault.ts';
import { after, type Seconds } from '../../kit/time.ts';
import { orderMoveIn } from '../../operation/order-move-in.ts';
import { proveMoveIn } from '../../operation/prove-move-in.ts';
import { takeUnderWay } from '../../store/move-in-taking.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import type { JobDeps } from '../job.ts';
import { report } from './repeat.ts';

/** Moves that are looked at in one go; then others have their turn. */
const MOST_AT_ONCE = 40;
/** Whoever takes moves is alone with them so long. */
const TERM: Seconds = 120;

/** Orders what is due, and looks at what was ordered; `ring` tells the workers that packs became due. */
export async function workMoveIns(deps: JobDeps, ring: () => void, signal: AbortSignal): Promise<void> {
  if (!signal.aborted && (await orderMoveIn(deps))) ring();
  const now = deps.clock.now();
  const taking = { cells: EVERY_CELL, now, until: after(now, TERM), most: MOST_AT_ONCE };
  for (const move of await takeUnderWay(deps.pool, taking)) {
    if (signal.aborted) return;
    try {
      const change = await proveMoveIn(deps, move);
      if (change) deps.pushChange(change);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      report(deps, error, `move ${move.id}`);
    }
  }
}
