/** What metrics of the whole installation cost the database: what is asked at each answer, and what one process counts for all. */

import { countEdgeProblems, countLimits, countRenewals } from '../src/store/figure-counts.ts';
import { claimFigure, getFigures, putFigure } from '../src/store/figures.ts';
import { countByStatus, countDue } from '../src/store/statistics.ts';
import { openPool, type Pool } from '../src/store/store.ts';
import { listWatchedCertificates } from '../src/store/watched-certificates.ts';
import { type Times, times } from './times.ts';

export interface MetricsBenchOptions {
  readonly pool: Pool;
  readonly databaseUrl: string;
  /** Of what is asked at each answer; what is counted now and then is done a tenth as often. */
  readonly requests: number;
}

export interface MetricsResult {
  readonly packs: number;
  readonly zones: number;
  /** Milliseconds, one after the other, on a connection of its own. */
  readonly statements: Readonly<Record<string, Times>>;
}

/** Asks what a scrape asks, and counts what is counted for all. Writes the figures alone, as a service does. */
export async function metricsBench(
  { pool, databaseUrl, requests }: MetricsBenchOptions,
  say: (what: string) => void,
): Promise<MetricsResult> {
  await using ends = new AsyncDisposableStack();
  const one = openPool({ connectionString: databaseUrl, max: 1, query_timeout: 600_000 }, () => undefined);
  ends.defer(() => one.end());
  const now = new Date();
  const { rows } = await pool.query<{ name: string }>(
    'select name from zone_names where is_holder order by name collate "C" limit 100',
  );
  const names = rows.map(({ name }) => name);
  const value = await countRenewals(one, now); // fills in of which CA packs are, where that is not known
  const claim = await claimFigure(one, 'packs.2', now, 600);
  if (claim !== undefined) {
    const figure = { value, madeOn: now, seconds: 0 };
    await putFigure(one, 'packs.2', figure, { claim, dueAt: now });
  }
  const often = {
    figures: () => getFigures(one),
    due: () => countDue(one, now),
    watched: () => listWatchedCertificates(one, names, 500),
  };
  const seldom = {
    statuses: () => countByStatus(one),
    renewals: () => countRenewals(one, now),
    limits: () => countLimits(one, LIMITS, now),
    edges: () => countEdgeProblems(one, ['edge-1', 'edge-2']),
  };
  const statements: Record<string, Times> = {};
  const measure = async (all: Readonly<Record<string, () => Promise<unknown>>>, n: number) => {
    for (const [name, ask] of Object.entries(all)) {
      statements[name] = await times(n, ask);
      say(`${name}: ${JSON.stringify(statements[name])}`);
    }
  };
  await measure(often, requests);
  await measure(seldom, Math.max(Math.round(requests / 10), 3));
  const zones = await pool.query<{ n: number }>('select count(*)::int as n from zones');
  const { ours, owners } = value.statuses;
  const packs = [...Object.values(ours), ...Object.values(owners)].reduce((sum, n) => sum + n, 0);
  return { packs, zones: zones.rows[0]?.n ?? 0, statements };
}

const LIMITS = ['orders', 'domain', 'duplicates', 'failures'].map(
  (kind) => ({ ca: 'lets_encrypt', kind, emptyAt: 10_000 }) as const,
);
