import type { Clock } from '../kit/clock.ts';
import type { Pool } from '../store/store.ts';
import { noteUses } from '../store/tokens.ts';

/** Notes that tokens were used until now. */
export function noteTokenUses(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  ids: readonly string[],
): Promise<void> {
  return noteUses(pool, ids, clock.now());
}
