import type { EdgeChange } from '../../edge/edge.ts';
import type { Clock } from '../../kit/clock.ts';
import type { Log } from '../../kit/log.ts';
import { after, type Seconds } from '../../kit/time.ts';
import { listChanges, MOST_CHANGES } from '../../store/edge-changes.ts';
import type { Pool } from '../../store/store.ts';
import { unavailability } from '../../store/unavailable.ts';

/** How often other processes' changes are looked for, in milliseconds. */
const LOOK_MS = 200;
/**
 * Clocks of machines differ, and what was written first may be committed last. A database that was away for longer, or a clock that was
 * put forward, has it go back to the last look that came to something.
 */
const OVERLAP: Seconds = 30;

interface Deps {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Log;
}

/** Hands every change that any process logs to `push`, until it is stopped. Repeats are harmless and may happen. */
export function followChanges(
  { pool, clock, log }: Deps,
  push: (change: EdgeChange) => void,
): { readonly stop: () => void } {
  let seen: ReadonlySet<string> = new Set();
  let isLooking = false;
  let since = after(clock.now(), -OVERLAP);
  const look = async () => {
    const recent = after(clock.now(), -OVERLAP);
    const changes = await listChanges(pool, since < recent ? since : recent);
    const known = seen;
    seen = new Set(changes.map(({ id }) => id));
    for (const change of changes) if (!known.has(change.id)) push(change);
    const last = changes.length < MOST_CHANGES ? undefined : changes.at(-1);
    since = last?.madeOn ?? recent;
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((err: unknown) => {
        // Of a database that is away its watch tells, once.
        log[unavailability(err) ? 'debug' : 'warn']({ err }, 'edge changes could not be read');
      })
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_MS);
  return { stop: () => clearInterval(timer) };
}
