import type { ListFilter } from '../../src/pack/list-index.ts';
import { isNear, near, walk } from '../../src/store/list/page-queries.ts';
import { valuesOf } from '../../src/store/statement.ts';
import type { Pool } from '../../src/store/store.ts';
import { PER_PAGE } from './pages.ts';

/** Blocks of PostgreSQL that the statement of a page touches, in memory or not, where no page index is at hand. */
export async function buffersOf(
  pool: Pool,
  zoneId: string,
  filter: ListFilter,
  page: number,
): Promise<number> {
  const ask = { zoneId, ...filter, page, perPage: PER_PAGE };
  const { statement, values } = isNear(ask) ? near(ask) : walk(ask);
  const { rows } = await pool.query<{ 'QUERY PLAN': readonly PlanOf[] }>(
    `explain (analyze, buffers, format json) ${statement.text}`,
    valuesOf(statement, values),
  );
  const plan = rows[0]?.['QUERY PLAN'][0]?.Plan;
  return (plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0);
}

interface PlanOf {
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
}
