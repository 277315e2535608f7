import type { EdgeChange } from '../edge/edge.ts';
import type { Log } from '../kit/log.ts';
import { lastChange, listChanges } from '../store/deployments.ts';
import type { Pool } from '../store/store.ts';

/** How often other processes' changes are looked for, in milliseconds. */
const LOOK_MS = 200;
/** Numbers are given before they are committed, so a lower one may be seen after a higher. */
const OVERLAP = 1_000;

/** Hands every change that any process logs to `push`, until it is stopped. Repeats are harmless and may happen. */
export function followChanges(
  { pool, log }: { readonly pool: Pool; readonly log: Log },
  push: (change: EdgeChange) => void,
): { readonly stop: () => void } {
  let seen: ReadonlySet<number> | undefined;
  let last = 0;
  let isLooking = false;
  const look = async () => {
    if (!seen) {
      last = await lastChange(pool);
      seen = new Set();
    }
    const changes = await listChanges(pool, last - OVERLAP);
    const known = seen;
    for (const change of changes) if (!known.has(change.seq)) push(change);
    seen = new Set(changes.map(({ seq }) => seq));
    last = Math.max(last, ...seen);
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => log.warn({ err: error }, 'edge changes could not be read'))
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_MS);
  return { stop: () => clearInterval(timer) };
}
