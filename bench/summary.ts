/** What the summary of an account costs the database, and whether it says what counting every pack says; and what metrics cost. */

import { weekOf } from '../src/pack/account-slots.ts';
import { openPool, type Pool } from '../src/store/store.ts';
import { countAccount, listLateRenewals, listSoonestEnds } from '../src/store/summary.ts';
import { createToken, deleteTokensNamed } from '../src/store/tokens.ts';
import { largestAccount, listen } from './account.ts';
import { type MetricsResult, metricsBench } from './metrics.ts';
import { type Times, times } from './times.ts';

export interface SummaryBenchOptions {
  readonly pool: Pool;
  readonly databaseUrl: string;
  /** Of each statement, and of the whole. */
  readonly requests: number;
}

export interface SummaryResult {
  readonly packs: number;
  readonly overdue: number;
  /** Of each statement, one after the other, on a connection of its own. */
  readonly statements: Readonly<Record<string, Times>>;
  /** From the question to the whole answer, over HTTP on loopback. */
  readonly request: Times;
  /** Whether each status has as many packs as counting every row says. */
  readonly is_exact: boolean;
  /** What metrics of the whole installation cost beside it. */
  readonly metrics: MetricsResult;
}

const NAME = 'bench of the summary';

/** Asks for the summary of the account with the most zones. Only reads, but for a token that it makes and removes. */
export async function summaryBench(
  { pool, databaseUrl, requests }: SummaryBenchOptions,
  say: (what: string) => void,
): Promise<SummaryResult> {
  await using ends = new AsyncDisposableStack();
  const one = openPool({ connectionString: databaseUrl, max: 1 }, () => undefined);
  ends.defer(() => one.end());
  const accountId = await largestAccount(pool);
  const now = new Date();
  const first = weekOf(now);
  const asked = {
    counts: () => countAccount(one, accountId, { first, last: first + 13 }),
    late: () => listLateRenewals(one, accountId, now),
    soonest: () => listSoonestEnds(one, accountId),
  };
  const statements: Record<string, Times> = {};
  for (const [name, ask] of Object.entries(asked)) {
    statements[name] = await times(requests, ask);
    say(`${name}: ${JSON.stringify(statements[name])}`);
  }
  const token = await createToken(pool, { accountId, name: NAME, access: 'read' }, now);
  ends.defer(async () => void (await deleteTokensNamed(pool, accountId, NAME)));
  const wide = openPool({ connectionString: databaseUrl, max: 4 }, () => undefined);
  ends.defer(() => wide.end());
  const url = `${await listen(wide, ends)}/client/v4/accounts/${accountId}/ssl/certificate_packs/summary`;
  const headers = { authorization: `Bearer ${token}` };
  const request = await times(requests, async () => {
    const answer = await fetch(url, { headers });
    if (answer.status !== 200) throw new Error(await answer.text());
    await answer.text();
  });
  const [counts, late] = [await asked.counts(), await asked.late()];
  const packs = [...counts.statuses.values()].reduce((sum, n) => sum + n, 0);
  const metrics = await metricsBench({ pool, databaseUrl, requests }, say);
  say('counting every pack');
  const patient = openPool(
    { connectionString: databaseUrl, max: 1, query_timeout: 600_000 },
    () => undefined,
  );
  ends.defer(() => patient.end());
  const is_exact = await isExact(patient, accountId, counts.statuses);
  return { packs, overdue: late.overdue, statements, request, is_exact, metrics };
}

async function isExact(
  pool: Pool,
  accountId: string,
  statuses: ReadonlyMap<string, number>,
): Promise<boolean> {
  const { rows } = await pool.query<{ status: string; n: number }>(
    'select status, count(*)::int as n from packs where account_id = $1 group by 1',
    [accountId],
  );
  const counted = [...statuses].filter(([, n]) => n !== 0);
  return rows.length === counted.length && rows.every(({ status, n }) => statuses.get(status) === n);
}
