import { systemClock } from '../src/kit/clock.ts';
import { advance } from '../src/operation/advance.ts';
import { type AdvanceDeps } from '../src/operation/operation.ts';
import { lifeWork } from '../src/operation/work.ts';
import type { PackEvent } from '../src/pack/lifecycle.ts';
import type { Pack } from '../src/pack/pack.ts';
import { getPack } from '../src/store/packs.ts';
import { autocommit, type Pool, transaction } from '../src/store/store.ts';

/** What is measured, and on which database. */
export interface TransitionsOptions {
  readonly pool: Pool;
  /** Length of each measurement. */
  readonly seconds: number;
  readonly repetitions: number;
  /** How many changes are under way at once. */
  readonly atOnce: number;
}

/** Status changes per second, and what one costs. */
export interface TransitionsResult {
  readonly transitions_per_s: number;
  readonly one_zone_per_s: number;
  /** One-row transactions that write 3 kB and are flushed, in the same run: what the disk and the protocol allow. */
  readonly bare_commits_per_s: number;
  /** Processor time of this process for one change. */
  readonly node_us: number;
  readonly packs: number;
}

/** Moves that lead an active pack around and back, each counted in other places. */
const ROUND: readonly PackEvent[] = ['withdraw', 'done', 'promote', 'done'];

/**
 * Status changes through `advance`, each a statement and transaction of its own, with counters, buckets, JSON and audit: of packs in
 * many zones, and of packs in the largest zone. Medians over the repetitions, which take turns.
 */
export async function transitionsBench(
  options: TransitionsOptions,
  say: (what: string) => void,
): Promise<TransitionsResult> {
  const { pool, repetitions, seconds } = options;
  say(`${repetitions} repetitions of three measurements: ${3 * repetitions * seconds} s`);
  await pool.query('create table if not exists bench_commits (id int primary key, body text not null)');
  const rates: Record<'spread' | 'together' | 'bare', number[]> = { spread: [], together: [], bare: [] };
  let cpu = 0;
  for (let i = 0; i < repetitions; i++) {
    rates.bare.push(await rate(options, (n) => commitBare(pool, n)));
    const before = process.cpuUsage();
    rates.spread.push(await rate(options, mover(pool, await somePacks(pool, SPREAD))));
    const { user, system } = process.cpuUsage(before);
    cpu += (user + system) / ((rates.spread.at(-1) ?? 1) * seconds) / repetitions;
    rates.together.push(await rate(options, mover(pool, await somePacks(pool, TOGETHER))));
    const last = Object.entries(rates).map(([name, all]) => `${name} ${Math.round(all.at(-1) ?? 0)}`);
    say(`repetition ${i + 1}: ${last.join(', ')} a second`);
  }
  const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from packs');
  return {
    transitions_per_s: median(rates.spread),
    one_zone_per_s: median(rates.together),
    bare_commits_per_s: median(rates.bare),
    node_us: Math.round(cpu),
    packs: rows[0]?.n ?? 0,
  };
}

const median = (numbers: readonly number[]): number =>
  Math.round(numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0);

/** Of zones in no order, as changes come: neighbours by their ids are counted in the same part of an account. */
const SPREAD = `select one.zone_id, one.id
  from (select cell, id from zones order by md5(id) limit 2000) as zone
 cross join lateral (
   select zone_id, id from packs
    where packs.cell = zone.cell and packs.zone_id = zone.id and environment = 'production'
      and status in ('active', 'inactive', 'deactivating', 'pending_deployment') limit 1) as one`;
const TOGETHER = `select zone_id, id from packs
  where zone_id = (select id from zones order by counts[43] desc limit 1)
    and status in ('active', 'inactive', 'deactivating', 'pending_deployment') and environment = 'production' order by ord limit 2000`;

async function somePacks(pool: Pool, sql: string): Promise<Pack[]> {
  const { rows } = await pool.query<{ zone_id: string; id: string }>(sql);
  const packs: Pack[] = [];
  for (const { zone_id: zoneId, id } of rows) {
    const pack = await getPack(pool, zoneId, id);
    if (pack) packs.push(pack);
  }
  return packs;
}

/** Moves the packs on one after the other, round and round; a pack that is under way is left for its next turn. */
function mover(pool: Pool, packs: Pack[]): (n: number) => Promise<void> {
  const deps: AdvanceDeps = {
    clock: systemClock(),
    json: { delegationZone: 'dcv.example.net' },
    brandingDomain: '',
  };
  const busy = new Set<number>();
  let next = 0;
  return async () => {
    while (busy.has(next)) next = (next + 1) % packs.length;
    const place = next;
    next = (next + 1) % packs.length;
    const pack = packs[place];
    if (!pack) throw new Error('the database has no active packs');
    busy.add(place);
    const moved = await autocommit(pool, pack.zone.id, (db) =>
      advance(db, deps, lifeWork(pack), { event: eventOf(pack) }),
    );
    packs[place] = moved.pack;
    busy.delete(place);
  };
}

const eventOf = ({ status }: Pack): PackEvent => {
  const round: Readonly<Record<string, PackEvent | undefined>> = {
    active: ROUND[0],
    deactivating: ROUND[1],
    inactive: ROUND[2],
    pending_deployment: ROUND[3],
  };
  return round[status] ?? 'done';
};

const BODY = 'x'.repeat(3_000);

async function commitBare(pool: Pool, n: number): Promise<void> {
  await transaction(pool, (tx) =>
    tx.query(
      'insert into bench_commits values ($1, $2) on conflict (id) do update set body = excluded.body',
      [n % 100_000, BODY],
    ),
  );
}

/** How often a second `work` is done by so many at once. */
async function rate(
  { seconds, atOnce }: TransitionsOptions,
  work: (n: number) => Promise<void>,
): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  const began = performance.now();
  let done = 0;
  const worker = async () => {
    while (performance.now() < end) await work(done++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done / ((performance.now() - began) / 1_000);
}
