import { FencedPool } from './fenced-pool.ts';
import type { Pool } from './store.ts';
import { unavailability, unavailable } from './unavailable.ts';

/**
 * Holds that the database answers, takes writes, and that nothing failed by its state just now. Throws `database_unavailable`
 * with why not.
 */
export async function checkWritable(pool: Pool): Promise<void> {
  try {
    const { rows } = await pool.query<{ read_only: boolean }>(
      `select current_setting('transaction_read_only') = 'on' as read_only`,
    );
    if (rows[0]?.read_only) throw unavailable('the database takes no writes: it is read-only now');
  } catch (error) {
    throw unavailability(error) ?? error;
  }
  const trouble = pool instanceof FencedPool ? pool.fence.trouble : undefined;
  if (trouble) throw trouble;
}
