import type { ListFilter } from '../../src/pack/list-index.ts';
import type { Environment } from '../../src/pack/pack.ts';
import type { Pool } from '../../src/store/store.ts';
import { createToken, deleteTokensNamed } from '../../src/store/tokens.ts';
import { buffersOf } from './buffers.ts';
import { type BigZone, bigZones, checkPages, fullPages, PER_PAGE, pathOf, somePages } from './pages.ts';
import { type BenchServer, startServer } from './process.ts';
import { type Load, load } from './wrk.ts';

export interface ListOptions {
  readonly url: string;
  readonly pool: Pool;
  /** A database with few packs on the same server. */
  readonly small: { readonly url: string; readonly pool: Pool };
  readonly seconds: number;
  readonly repetitions: number;
  readonly connections: number;
  /** Connections from which the API reads. */
  readonly readers: number;
}

/** Medians over the repetitions; ratios are taken within each. */
export interface ListResult {
  readonly hot_ratio: number;
  readonly cold_ratio: number;
  readonly deep_ratio: number;
  readonly scale_ratio: number;
  readonly filter_ratio: number;
  /** Pages of which none is asked for twice, with the cache on, against the same with it off. */
  readonly always_miss_ratio: number;
  readonly filters: Readonly<Record<string, number>>;
  readonly per_s: Readonly<Record<string, number>>;
  readonly p99_ms: Readonly<Record<string, number>>;
  /** Processor time of the server's process for one request, in microseconds. */
  readonly cpu_us: Readonly<Record<string, number>>;
  /** Blocks that the statement of one page touches. */
  readonly buffers: Readonly<Record<string, number>>;
  readonly page_bytes: number;
  readonly rss_mb: Readonly<Record<string, number>>;
  readonly packs: number;
  readonly small_packs: number;
}

const ALL: ListFilter = { status: 'all', environment: undefined };
const FILTERS: Readonly<Record<string, ListFilter>> = {
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
const DEEP = 4_000;

/** One load that is measured, on one of the servers. */
interface Run {
  readonly name: string;
  readonly server: BenchServer;
  readonly token: string;
  readonly paths: readonly string[];
}

/** Measures the list of a database that was filled before; says to `say` what it does. */
export async function listBench(options: ListOptions, say: (what: string) => void): Promise<ListResult> {
  await using ends = new AsyncDisposableStack();
  const { runs, zones, smallZones } = await prepare(options, ends, say);
  const seen = await measure(runs, options, say);
  const ratio = (of: string, to: string): number =>
    median(
      seen.map((one) => rateOf(one, of) / rateOf(one, to)),
      3,
    );
  const filters = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, ratio(name, 'all')]));
  const by = (pick: (one: Seen) => number, digits: number) =>
    Object.fromEntries(
      runs.map(({ name }) => [name, median(seen.flatMap((rep) => rep.get(name) ?? []).map(pick), digits)]),
    );
  const [largest, smallest] = [zones[0], smallZones[0]];
  if (!largest || !smallest) throw new Error('no zones');
  return {
    hot_ratio: ratio('hot', 'bare_hot'),
    cold_ratio: ratio('cold', 'bare_cold'),
    deep_ratio: ratio('page_4000', 'page_1'),
    scale_ratio: ratio('large', 'small'),
    filter_ratio: Math.min(...Object.values(filters)),
    always_miss_ratio: ratio('crawl_cached', 'crawl'),
    filters,
    per_s: by(({ per_s }) => per_s, 0),
    p99_ms: by(({ p99 }) => p99, 1),
    cpu_us: by(({ cpuUs }) => cpuUs, 0),
    buffers: {
      page_1: await buffersOf(options.pool, largest.id, ALL, 1),
      page_4000: await buffersOf(options.pool, largest.id, ALL, Math.min(DEEP, fullPages(largest, ALL))),
      small_page_1: await buffersOf(options.small.pool, smallest.id, ALL, 1),
      staging: await buffersOf(options.pool, largest.id, FILTERS['staging'] ?? ALL, 10),
      pending_expiration: await buffersOf(options.pool, largest.id, FILTERS['pending_expiration'] ?? ALL, 10),
    },
    page_bytes: Math.round(
      median(
        seen.flatMap((rep) => rep.get('cold') ?? []).map(({ bytes }) => bytes),
        0,
      ),
    ),
    rss_mb: await rssOf(runs),
    packs: await countPacks(options.pool),
    small_packs: await countPacks(options.small.pool),
  };
}

async function prepare(options: ListOptions, ends: AsyncDisposableStack, say: (what: string) => void) {
  const token = await tokenFor(options.pool, ends);
  const smallToken = await tokenFor(options.small.pool, ends);
  const api = async (databaseUrl: string, pageCacheMb: number) =>
    ends.use(await startServer({ databaseUrl, pageCacheMb, readers: options.readers }));
  const [cold, cached, crawled] = [
    await api(options.url, 0),
    await api(options.url, CACHE_MB),
    await api(options.url, CACHE_MB),
  ];
  const small = await api(options.small.url, 0);
  const zones = await bigZones(options.pool, 200);
  const smallZones = await bigZones(options.small.pool, 50);
  const hot = somePages(zones, ALL, HOT);
  const misses = somePages(zones, ALL, COLD);
  const crawl = somePages(await bigZones(options.pool, 2_000), ALL, CRAWL);
  const bareOf = async (paths: readonly string[]) =>
    ends.use(await startServer({ origin: cold.origin, token, paths }));
  const [largest] = zones;
  if (!largest || fullPages(largest, ALL) < DEEP)
    say(`the largest zone has no page ${DEEP}: its last one is taken`);
  const deep = pathOf(zones[0] ?? NO_ZONE, ALL, Math.min(DEEP, fullPages(zones[0] ?? NO_ZONE, ALL)));
  const onCold = (name: string, paths: readonly string[]): Run => ({ name, server: cold, token, paths });
  const runs: Run[] = [
    { name: 'bare_hot', server: await bareOf(hot), token, paths: hot },
    { name: 'hot', server: cached, token, paths: hot },
    { name: 'bare_cold', server: await bareOf(misses), token, paths: misses },
    onCold('cold', misses),
    onCold('crawl', crawl),
    { name: 'crawl_cached', server: crawled, token, paths: crawl },
    onCold('page_1', [pathOf(zones[0] ?? NO_ZONE, ALL, 1)]),
    onCold('page_4000', [deep]),
    onCold('all', somePages(zones.slice(0, 1), ALL, 200)),
    ...Object.entries(FILTERS).map(([name, filter]) =>
      onCold(name, somePages(zones.slice(0, 1), filter, 200)),
    ),
    onCold('large', somePages(zones.slice(0, 50), ALL, 300)),
    { name: 'small', server: small, token: smallToken, paths: somePages(smallZones, ALL, 300) },
  ];
  for (const { name, server, token: bearer, paths } of runs) {
    const bytes = await checkPages(server.origin, bearer, paths.slice(0, COLD));
    say(`${name}: ${paths.length} pages of ${PER_PAGE} packs, ${Math.round(bytes)} bytes each`);
  }
  return { runs, zones, smallZones };
}

const NO_ZONE: BigZone = { id: '', counts: [] };
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

/** What one run saw, with the processor time of the server. */
interface Seen extends Load {
  readonly cpuUs: number;
}

/** Every run once in each repetition, one after the other, after one that does not count. */
async function measure(
  runs: readonly Run[],
  { seconds, repetitions, connections }: ListOptions,
  say: (what: string) => void,
): Promise<Map<string, Seen>[]> {
  const seen: Map<string, Seen>[] = [];
  for (let i = 0; i <= repetitions; i++) {
    const rep = new Map<string, Seen>();
    for (const { name, server, token, paths } of runs) {
      const before = await server.usage();
      const begin = Math.floor((paths.length * i) / (repetitions + 1));
      const one = await load({
        origin: server.origin,
        token,
        paths: [...paths.slice(begin), ...paths.slice(0, begin)],
        seconds: i === 0 ? 1 : seconds,
        connections,
      });
      const used = (await server.usage()).cpuMs - before.cpuMs;
      rep.set(name, { ...one, cpuUs: (used * 1_000) / (one.per_s * (i === 0 ? 1 : seconds)) });
    }
    if (i > 0) seen.push(rep);
    if (i > 0)
      say(
        `repetition ${i}: ${[...rep].map(([name, { per_s }]) => `${name} ${Math.round(per_s)}`).join(', ')}`,
      );
  }
  return seen;
}

const rateOf = (rep: ReadonlyMap<string, Seen>, name: string): number => rep.get(name)?.per_s ?? 0;

function median(numbers: readonly number[], digits: number): number {
  const middle = numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
  return Number(middle.toFixed(digits));
}

async function rssOf(runs: readonly Run[]): Promise<Record<string, number>> {
  const rss: Record<string, number> = {};
  for (const { name, server } of runs)
    if (['hot', 'cold', 'crawl_cached'].includes(name)) rss[name] = (await server.usage()).rssMb;
  return rss;
}

async function countPacks(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from packs');
  return rows[0]?.n ?? 0;
}
