import type { Clock } from '../kit/clock.ts';
import { remindUnplanned as remind } from '../store/packs.ts';
import type { Pool } from '../store/store.ts';
import { EVERY_CELL } from '../store/zone-key.ts';

/** Packs that are reminded at a time, beside those that are due of themselves. */
const MOST = 500;

/** Makes served packs due that nobody planned to renew; how many. */
export function remindUnplanned({
  pool,
  clock,
}: {
  readonly pool: Pool;
  readonly clock: Clock;
}): Promise<number> {
  return remind(pool, { cells: EVERY_CELL, limit: MOST }, clock.now());
}
