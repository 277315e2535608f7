/** What is counted of custom hostnames and of names that move in, of the whole installation. */
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** How many there are in each status; statuses of none are left out. */
export interface CustomerCounts {
  readonly hostnames: Readonly<Record<string, number>>;
  readonly moveIns: Readonly<Record<string, number>>;
}

interface Row {
  status: string;
  n: number;
}

/** Counts them: reads a row of each. */
export async function countCustomers(db: Db): Promise<CustomerCounts> {
  const hostnames = await execute<Row>(db, HOSTNAMES, {});
  const moveIns = await execute<Row>(db, MOVE_INS, {});
  return { hostnames: byStatus(hostnames.rows), moveIns: byStatus(moveIns.rows) };
}

const byStatus = (rows: readonly Row[]): Record<string, number> =>
  Object.fromEntries(rows.map(({ status, n }) => [status, n]));

const HOSTNAMES = statement('select status, count(*)::int as n from custom_hostnames group by 1');
const MOVE_INS = statement('select status, count(*)::int as n from move_ins group by 1');
