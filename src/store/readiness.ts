import { FencedPool } from './fenced-pool.ts';
import type { Pool } from './store.ts';
import { unavailability, unavailable } from './unavailable.ts';

/**
 * Holds that the database answers, takes writes, and that nothing failed by its state just now. Throws `database_unavailable`
 * with why not.
 */
export async function checkWritable(pool: Pool): Promise<void> {
  const fence = pool instanceof FencedPool ? pool.fence : undefined;
  try {
    const { rows } = await pool.query<{ read_only: boolean }>(
      `select current_setting('transaction_read_only') = 'on' as read_only`,
    );
    if (rows[0]?.read_only && !(await takesWrites(pool)))
      throw unavailable('the database takes no writes: it is read-only now');
  } catch (error) {
    throw unavailability(error) ?? error;
  }
  if (fence?.trouble) throw fence.trouble;
}

/** Whether a new connection takes writes: one that is open may be at a server that was left, or be as it was begun. */
async function takesWrites(pool: Pool): Promise<boolean> {
  if (!(pool instanceof FencedPool)) return false;
  await pool.askAnew(async () => undefined);
  return !pool.fence.isReadOnly;
}
