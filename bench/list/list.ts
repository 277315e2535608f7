import type { ListFilter } from '../../src/pack/list-index.ts';
import type { Pool } from '../../src/store/store.ts';
import { buffersOf } from './buffers.ts';
import { bigZones } from './pages.ts';
import { ALL, deepPage, FILTERS, preparePages, prepareRuns, type Run, type RunsOptions } from './runs.ts';
import { type Load, load } from './wrk.ts';

export interface ListOptions extends RunsOptions {
  readonly seconds: number;
  readonly repetitions: number;
  readonly connections: number;
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
  /** Misses with the page index against the same pages walked to: of the largest zone, and of fifty large ones. */
  readonly page_index_gain: { readonly largest: number; readonly large: number };
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

/** Measures the list of a database that was filled before; says to `say` what it does. */
export async function listBench(options: ListOptions, say: (what: string) => void): Promise<ListResult> {
  await using ends = new AsyncDisposableStack();
  const runs = await prepareRuns(options, ends, say);
  const seen = await measure(runs, options, say);
  const ratio = (of: string, to: string): number => ratioOf(seen, of, to);
  const filters = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, ratio(name, 'all')]));
  const by = (pick: (one: Seen) => number, digits: number) => medians(runs, seen, pick, digits);
  return {
    hot_ratio: ratio('hot', 'bare_hot'),
    cold_ratio: ratio('cold', 'bare_cold'),
    deep_ratio: ratio('page_4000', 'page_1'),
    scale_ratio: ratio('large', 'small'),
    filter_ratio: Math.min(...Object.values(filters)),
    always_miss_ratio: ratio('crawl_cached', 'crawl'),
    page_index_gain: { largest: ratio('all', 'all_walked'), large: ratio('large', 'large_walked') },
    filters,
    per_s: by(({ per_s }) => per_s, 0),
    p99_ms: by(({ p99 }) => p99, 1),
    cpu_us: by(({ cpuUs }) => cpuUs, 0),
    buffers: await buffersOfPages(options),
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

/** Pages in the cache and not against bare alone: short enough for servers of databases to be measured in turns. */
export async function pagesBench(
  options: Omit<ListOptions, 'small'>,
  say: (what: string) => void,
): Promise<Pick<ListResult, 'hot_ratio' | 'cold_ratio' | 'per_s'>> {
  await using ends = new AsyncDisposableStack();
  const runs = await preparePages(options, ends, say);
  const seen = await measure(runs, options, say);
  return {
    hot_ratio: ratioOf(seen, 'hot', 'bare_hot'),
    cold_ratio: ratioOf(seen, 'cold', 'bare_cold'),
    per_s: medians(runs, seen, ({ per_s }) => per_s, 0),
  };
}

/** Blocks that the statements of some pages touch. */
async function buffersOfPages({ pool, small }: ListOptions): Promise<Record<string, number>> {
  const [[largest], [smallest]] = [await bigZones(pool, 1), await bigZones(small.pool, 1)];
  if (!largest || !smallest) return {};
  const blocks = (filter: ListFilter, page: number) => buffersOf(pool, largest.id, filter, page);
  return {
    page_1: await blocks(ALL, 1),
    page_4000: await blocks(ALL, deepPage(largest)),
    small_page_1: await buffersOf(small.pool, smallest.id, ALL, 1),
    staging: await blocks(FILTERS.staging, 10),
    pending_expiration: await blocks(FILTERS.pending_expiration, 10),
  };
}

/** What one run saw, with the processor time of the server. */
interface Seen extends Load {
  readonly cpuUs: number;
}

/** Every run once in each repetition, one after the other, after one that does not count. */
async function measure(
  runs: readonly Run[],
  { seconds, repetitions, connections }: Omit<ListOptions, 'small'>,
  say: (what: string) => void,
): Promise<Map<string, Seen>[]> {
  const seen: Map<string, Seen>[] = [];
  const minutes = (runs.length * (1 + seconds * repetitions)) / 60;
  say(
    `measuring ${runs.length} loads, ${repetitions} repetitions of ${seconds} s: ${minutes.toFixed(1)} min`,
  );
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

/** Median of what each load shows of itself. */
const medians = (
  runs: readonly Run[],
  seen: readonly Map<string, Seen>[],
  pick: (one: Seen) => number,
  digits: number,
): Record<string, number> =>
  Object.fromEntries(
    runs.map(({ name }) => [name, median(seen.flatMap((rep) => rep.get(name) ?? []).map(pick), digits)]),
  );

/** Median of the ratios of two loads, each of one repetition. */
const ratioOf = (seen: readonly Map<string, Seen>[], of: string, to: string): number =>
  median(
    seen.map((one) => rateOf(one, of) / rateOf(one, to)),
    3,
  );

const rateOf = (rep: ReadonlyMap<string, Seen>, name: string): number => rep.get(name)?.per_s ?? 0;

/** The middle of some numbers, rounded. */
export function median(numbers: readonly number[], digits: number): number {
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
