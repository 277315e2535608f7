/** What it costs that many clients wait for packs: memory of the process, and what becomes of the list meanwhile. */
import { once } from 'node:events';
import { Agent, type ClientRequest, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from '../src/store/store.ts';
import { createToken, deleteTokensNamed } from '../src/store/tokens.ts';
import { median } from './list/list.ts';
import { bigZones, somePages } from './list/pages.ts';
import { type BenchServer, startServer } from './list/process.ts';
import { load } from './list/wrk.ts';

/** What it is told. */
interface WaitingOptions {
  readonly url: string;
  readonly pool: Pool;
  readonly waits: number;
  readonly seconds: number;
  readonly repetitions: number;
}

/** Medians over the repetitions; the ratio is taken within each. */
interface WaitingResult {
  readonly waits: number;
  /** Pages of the list a second while they wait, against the same without. */
  readonly list_ratio: number;
  /** Processor time of the process for a page while they wait, against the same without. */
  readonly cpu_ratio: number;
  readonly per_s: number;
  readonly per_s_waiting: number;
  /** Most that the process has more with them, after a collection: of its heap and buffers, and resident. */
  readonly heap_mb: number;
  readonly rss_mb: number;
  /** Processor time of the process while nothing but the waits is there, in parts of a core. */
  readonly idle_cpu: number;
}

const [CONNECTIONS, PAGES] = [32, 300];
const NAME = 'bench of waiting';
/** As many as one token may have at once. */
const OF_TOKEN = 250;
const ALL = { status: 'all', environment: undefined } as const;

/** Pages of the list: how many a second, and processor time of the process for each, in microseconds. */
interface Pages {
  readonly per_s: number;
  readonly cpuUs: number;
}

/** What one repetition saw. */
interface Seen {
  readonly alone: Pages;
  readonly waiting: Pages;
  readonly heap: number;
  readonly rss: number;
  readonly idle: number;
}

/** Measures it on a database that was filled before; says to `say` what it does. */
export async function waitingBench(
  options: WaitingOptions,
  say: (what: string) => void,
): Promise<WaitingResult> {
  const { url, pool, waits, seconds, repetitions } = options;
  await using ends = new AsyncDisposableStack();
  const server = ends.use(
    await startServer({ databaseUrl: url, pageCacheMb: 0, readers: 4, hasPageIndex: true }),
  );
  const [token = '', ...tokens] = await tokensFor(pool, 1 + Math.ceil(waits / OF_TOKEN), ends);
  const paths = somePages(await bigZones(pool, 50), ALL, PAGES);
  const how = { origin: server.origin, token, paths, connections: CONNECTIONS };
  const pages = async () => {
    // What a collection took down comes up again first.
    await load({ ...how, seconds: 1 });
    const before = await server.usage();
    const { per_s } = await load({ ...how, seconds });
    const ms = (await server.usage()).cpuMs - before.cpuMs;
    return { per_s, cpuUs: (ms * 1_000) / (per_s * seconds) };
  };
  await pages();
  const seen: Seen[] = [];
  for (let i = 0; i < repetitions; i++) {
    say(`repetition ${i + 1} of ${repetitions}`);
    const before = await server.collected();
    const open = await openWaits(pool, server, { tokens, waits });
    const idle = await idleShare(server, seconds);
    const during = await server.collected();
    const waiting = await pages();
    await cut(open);
    // Each of the two begins after a collection.
    await server.collected();
    const alone = await pages();
    seen.push({
      alone,
      waiting,
      heap: during.heapMb - before.heapMb,
      rss: during.rssMb - before.rssMb,
      idle,
    });
  }
  return resultOf(seen, waits);
}

function resultOf(seen: readonly Seen[], waits: number): WaitingResult {
  const of = (pick: (one: Seen) => number, digits: number) => median(seen.map(pick), digits);
  // Memory that the first of them took is there for the next.
  const most = (pick: (one: Seen) => number) => Number(Math.max(...seen.map(pick)).toFixed(1));
  return {
    waits,
    list_ratio: of(({ alone, waiting }) => waiting.per_s / alone.per_s, 3),
    cpu_ratio: of(({ alone, waiting }) => waiting.cpuUs / alone.cpuUs, 3),
    per_s: of(({ alone }) => alone.per_s, 0),
    per_s_waiting: of(({ waiting }) => waiting.per_s, 0),
    heap_mb: most(({ heap }) => heap),
    rss_mb: most(({ rss }) => rss),
    idle_cpu: of(({ idle }) => idle, 3),
  };
}

async function idleShare(server: BenchServer, seconds: number): Promise<number> {
  const before = await server.usage();
  await delay(seconds * 1_000);
  return ((await server.usage()).cpuMs - before.cpuMs) / (seconds * 1_000);
}

/** Whose the largest zone is. */
async function accountOf(pool: Pool): Promise<string> {
  const [zone] = await bigZones(pool, 1);
  const { rows } = await pool.query<{ account_id: string }>('select account_id from zones where id = $1', [
    zone?.id,
  ]);
  return rows[0]?.account_id ?? '';
}

async function tokensFor(pool: Pool, n: number, ends: AsyncDisposableStack): Promise<string[]> {
  const accountId = await accountOf(pool);
  ends.defer(async () => void (await deleteTokensNamed(pool, accountId, NAME)));
  const terms = { accountId, name: NAME, access: 'read' } as const;
  const tokens: string[] = [];
  for (let i = 0; i < n; i++) tokens.push(await createToken(pool, terms, new Date()));
  return tokens;
}

/** Waits that are under way, each for another pack, which does not come to be so. */
async function openWaits(
  pool: Pool,
  { origin }: BenchServer,
  { tokens, waits }: { readonly tokens: readonly string[]; readonly waits: number },
): Promise<{ readonly agent: Agent; readonly open: readonly ClientRequest[] }> {
  const { rows } = await pool.query<{ id: string; zone_id: string }>(
    `select packs.id, zone_id from packs
      where status <> 'deleted' and account_id = $2 limit $1`,
    [waits, await accountOf(pool)],
  );
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const open = rows.map(({ id, zone_id: zone }, i) => {
    const path = `/client/v4/zones/${zone}/ssl/certificate_packs/${id}?wait_for=deleted&timeout=300`;
    const headers = { authorization: `Bearer ${tokens[i % tokens.length] ?? ''}` };
    const one = request(`${origin}${path}`, { agent, headers });
    one.on('error', () => undefined);
    one.on('response', ({ statusCode }) => {
      throw new Error(`a wait was answered with ${statusCode}`);
    });
    return one.end();
  });
  await Promise.all(open.map((one) => once(one, 'finish')));
  await delay(1_000);
  return { agent, open };
}

async function cut({ agent, open }: Awaited<ReturnType<typeof openWaits>>): Promise<void> {
  for (const one of open) one.removeAllListeners('response').destroy();
  agent.destroy();
  await delay(1_000);
}
