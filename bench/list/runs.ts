import type { ListFilter } from '../../src/pack/list-index.ts';
import type { Environment } from '../../src/pack/pack.ts';
import type { Pool } from '../../src/store/store.ts';
import { createToken, deleteTokensNamed } from '../../src/store/tokens.ts';
import { type BigZone, bigZones, checkPages, fullPages, PER_PAGE, pathOf, somePages } from './pages.ts';
import { type BenchServer, startServer } from './process.ts';

/** A database that was filled. */
export interface FilledDatabase {
  readonly url: string;
  readonly pool: Pool;
}

export interface RunsOptions extends FilledDatabase {
  /** A database with few packs on the same server. */
  readonly small: FilledDatabase;
  /** Connections from which the API reads. */
  readonly readers: number;
}

/** One load that is measured, on one of the servers. */
export interface Run {
  readonly name: string;
  readonly server: BenchServer;
  readonly token: string;
  readonly paths: readonly string[];
}

export const ALL: ListFilter = { status: 'all', environment: undefined };
export const FILTERS: Readonly<Record<'default' | 'staging' | 'active' | 'pending_expiration', ListFilter>> =
  {
    default: { status: 'served', environment: undefined },
    staging: { status: 'all', environment: 'staging' satisfies Environment },
    active: { status: 'active', environment: undefined },
    pending_expiration: { status: 'pending_expiration', environment: undefined },
  };

/** Pages that the cache holds, of misses, and of a crawl: as many as there are, each repetition begins elsewhere. */
const HOT = 20;
const COLD = 1_000;
const CRAWL = 20_000;
const CACHE_MB = 64;
/** Five times as many as that cache holds. */
const LEAST_CRAWL = 3_000;

const DEEP = 4_000;

/** A page far from the beginning of a zone's list; its last full one where it has fewer. */
export const deepPage = (zone: BigZone): number => Math.min(DEEP, fullPages(zone, ALL));

/** Starts the servers, and looks at each page once. */
export async function prepareRuns(
  options: RunsOptions,
  ends: AsyncDisposableStack,
  say: (what: string) => void,
): Promise<Run[]> {
  const runs = [...(await usualRuns(options, ends)), ...(await largeRuns(options, ends))];
  const crawl = runs.find(({ name }) => name === 'crawl')?.paths.length ?? 0;
  const [largest] = await bigZones(options.pool, 1);
  if (largest && deepPage(largest) < DEEP) say(`the largest zone has no page ${DEEP}: its last one is taken`);
  if (crawl < LEAST_CRAWL) say('the cache holds many of these pages: always_miss_ratio says nothing');
  await lookOnce(runs, say);
  return runs;
}

/** The same for pages in the cache and not alone, each beside a bare server: what two servers are compared by, in turns. */
export async function preparePages(
  options: Omit<RunsOptions, 'small'>,
  ends: AsyncDisposableStack,
  say: (what: string) => void,
): Promise<Run[]> {
  const runs = (await usualRuns(options, ends)).filter(({ name }) => !name.startsWith('crawl'));
  await lookOnce(runs, say);
  return runs;
}

async function lookOnce(runs: readonly Run[], say: (what: string) => void): Promise<void> {
  say('looking at every page once');
  for (const { name, server, token, paths } of runs) {
    const bytes = await checkPages(server.origin, token, paths.slice(0, COLD));
    say(`${name}: ${paths.length} pages of ${PER_PAGE} packs, ${Math.round(bytes)} bytes each`);
  }
}

/** Pages of many zones: in the cache and not, each beside a bare server; and so many that the cache does not help. */
async function usualRuns(
  { url, pool, readers }: Omit<RunsOptions, 'small'>,
  ends: AsyncDisposableStack,
): Promise<Run[]> {
  const token = await tokenFor(pool, ends);
  const api = async (pageCacheMb: number) =>
    ends.use(await startServer({ databaseUrl: url, pageCacheMb, readers, hasPageIndex: true }));
  const [cold, cached, crawled] = [await api(0), await api(CACHE_MB), await api(CACHE_MB)];
  const bare = async (paths: readonly string[]) =>
    ends.use(await startServer({ origin: cold.origin, token, paths }));
  const zones = await bigZones(pool, 200);
  const hot = somePages(zones, ALL, HOT);
  const misses = somePages(zones, ALL, COLD);
  const crawl = somePages(await bigZones(pool, 2_000), ALL, CRAWL);
  return [
    { name: 'bare_hot', server: await bare(hot), token, paths: hot },
    { name: 'hot', server: cached, token, paths: hot },
    { name: 'bare_cold', server: await bare(misses), token, paths: misses },
    { name: 'cold', server: cold, token, paths: misses },
    { name: 'crawl', server: cold, token, paths: crawl },
    { name: 'crawl_cached', server: crawled, token, paths: crawl },
  ];
}

/** Misses in large zones: far from the beginning, by filters, without a page index, and in a database with few packs. */
async function largeRuns(
  { url, pool, small, readers }: RunsOptions,
  ends: AsyncDisposableStack,
): Promise<Run[]> {
  const zones = await bigZones(pool, 50);
  const [largest] = zones;
  if (!largest) return [];
  const token = await tokenFor(pool, ends);
  const api = async (databaseUrl: string, hasPageIndex: boolean) =>
    ends.use(await startServer({ databaseUrl, pageCacheMb: 0, readers, hasPageIndex }));
  const [indexed, walking] = [await api(url, true), await api(url, false)];
  const [all, large] = [somePages([largest], ALL, 200), somePages(zones, ALL, 300)];
  const on = (server: BenchServer, name: string, paths: readonly string[]) => ({
    name,
    server,
    token,
    paths,
  });
  return [
    on(indexed, 'page_1', [pathOf(largest, ALL, 1)]),
    on(indexed, 'page_4000', [pathOf(largest, ALL, deepPage(largest))]),
    on(indexed, 'all', all),
    on(walking, 'all_walked', all),
    ...Object.entries(FILTERS).map(([name, one]) => on(indexed, name, somePages([largest], one, 200))),
    on(walking, 'large_walked', large),
    on(indexed, 'large', large),
    {
      name: 'small',
      server: await api(small.url, true),
      token: await tokenFor(small.pool, ends),
      paths: somePages(await bigZones(small.pool, 50), ALL, 300),
    },
  ];
}

const NAME = 'bench of the list';

async function tokenFor(pool: Pool, ends: AsyncDisposableStack): Promise<string> {
  const [zone] = await bigZones(pool, 1);
  const { rows } = await pool.query<{ account_id: string }>('select account_id from zones where id = $1', [
    zone?.id,
  ]);
  const accountId = rows[0]?.account_id ?? '';
  ends.defer(async () => void (await deleteTokensNamed(pool, accountId, NAME)));
  return createToken(pool, { accountId, name: NAME, access: 'read' }, new Date());
}
