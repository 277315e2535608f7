import type pg from 'pg';
import type { Clock } from '../kit/clock.ts';
import { between, type Seconds } from '../kit/time.ts';

/**
 * How far a clock is ahead of the database's, negative where it is behind, and how sure that is. No decision goes by the
 * database's clock: it shows whether those of several processes agree.
 */
export async function measureSkew(
  client: pg.ClientBase,
  clock: Clock,
): Promise<{ readonly skew: Seconds; readonly give: Seconds }> {
  const [asked, began] = [clock.now(), performance.now()];
  const { rows } = await client.query<{ now: Date }>('select clock_timestamp() as now');
  const give = (performance.now() - began) / 2_000;
  return { skew: between(rows[0]?.now ?? asked, asked) + give, give };
}
