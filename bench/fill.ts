/**
 * Fills the databases of benchmarks: an empty one, or one whose filling was broken off. Which they are is kept in a schema
 * of its own, `bench`; what holds anything else is somebody's and is never written to.
 */
import { statfsSync } from 'node:fs';
import { progressBar } from '../src/cli/progress-bar.ts';
import { Fault } from '../src/kit/fault.ts';
import { migrate } from '../src/store/migrate.ts';
import type { Pool } from '../src/store/store.ts';
import type { BenchDatabase } from './database.ts';
import { type SeedResult, seed } from './seed/seed.ts';
import type { SeedShape } from './seed/shape.ts';

type Say = (what: string) => void;

/** What a database is filled with. */
export interface Filling extends SeedShape {
  readonly isMixed: boolean;
}

/** What is there: nothing; a filling of ours, whole or broken off; or something that no benchmark made. */
type Contents =
  | { readonly state: 'empty' | 'unfinished' | 'foreign' }
  | { readonly state: 'filled'; readonly packs: number };

/** So many packs as asked for; in zones of 50 on average, and a quarter of all in the largest, unless told. */
export function fillingOf(packs: number, told: Partial<Filling> = {}): Filling {
  const { zones = Math.ceil(packs / 50), isMixed = false } = told;
  const { largest = zones === 1 ? packs : Math.ceil(packs / 4) } = told;
  return { packs, zones, largest, isMixed };
}

/** Packs a second at which a database fills, and its bytes for each, as were measured on 2 cores. */
const [USUAL_RATE, BYTES] = [5_000, 8_000];

/** Has packs in the database that can be measured: fills it unless it was filled before. Throws what `fill` throws. */
export async function ensureFilled(database: BenchDatabase, filling: Filling, say: Say): Promise<void> {
  const contents = await contentsOf(database.pool);
  if (contents.state !== 'filled') return void (await fill(database, filling, say));
  await migrate(database.pool);
  const packs = contents.packs.toLocaleString('en');
  say(`it was filled before, with ${packs} packs${contents.packs === filling.packs ? '' : ', and stays so'}`);
}

/**
 * Fills a database that is empty, and tells how far it is. Throws `configuration` when it holds anything, when another
 * process fills it, and when the disk is too small.
 */
export async function fill(database: BenchDatabase, filling: Filling, say: Say): Promise<SeedResult> {
  const { pool, url, dir } = database;
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ is: boolean }>('select pg_try_advisory_lock($1) as is', [LOCK]);
    if (rows[0]?.is !== true) throw refused('is being filled by another benchmark: wait for that one');
    const contents = await contentsOf(pool);
    refuseFull(contents);
    refuseSmallDisk(dir, filling.packs);
    const packs = filling.packs.toLocaleString('en');
    const minutes = Math.ceil(filling.packs / USUAL_RATE / 60);
    say(`filling it with ${packs} packs, once: about ${minutes} min and ${sizeOf(filling.packs)} of disk`);
    if (contents.state === 'unfinished') {
      say('a filling was broken off here: it begins anew');
      await clear(pool);
    }
    await pool.query(BEGIN);
    await migrate(pool);
    const result = await seed({ url, ...filling }, progressBar({ all: filling.packs, unit: 'packs' }), say);
    await pool.query('update bench.filling set packs = $1', [filling.packs]);
    return result;
  } finally {
    // The connection goes, and with it the lock.
    client.release(true);
  }
}

/** Key of the advisory lock of who fills: "bench" in ASCII. */
const LOCK = '422826730344';

/** Takes away what a filling that was broken off left behind. Only of a database that is ours. */
async function clear(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ clearing: string }>(
    "select format('drop schema %1$I cascade; create schema %1$I', current_schema()) as clearing",
  );
  await pool.query(rows[0]?.clearing ?? '');
}

/** The note that a database is ours; null packs: they are not all there yet. */
const BEGIN = `
  create schema if not exists bench;
  create table if not exists bench.filling (packs integer);
  truncate bench.filling;
  insert into bench.filling default values`;

/** One table that is there already makes a database somebody's. */
async function contentsOf(pool: Pool): Promise<Contents> {
  const { rows } = await pool.query<{ is_ours: boolean; is_used: boolean }>(
    `select to_regclass('bench.filling') is not null as is_ours,
            exists (select from pg_class where relkind in ('r', 'p', 'm', 'f') and relnamespace in (
              select oid from pg_namespace where nspname <> 'information_schema' and nspname !~ '^pg_')) as is_used`,
  );
  const { is_ours: isOurs, is_used: isUsed } = rows[0] ?? {};
  if (isOurs) {
    const filling = await pool.query<{ packs: number | null }>('select packs from bench.filling');
    const packs = filling.rows[0]?.packs;
    return typeof packs === 'number' ? { state: 'filled', packs } : { state: 'unfinished' };
  }
  return { state: isUsed ? 'foreign' : 'empty' };
}

function refuseFull(contents: Contents): void {
  if (contents.state === 'foreign')
    throw refused(
      'holds what no benchmark made, and is left alone: name an empty one (--database), or none for one of the benchmarks’ own',
    );
  if (contents.state === 'filled')
    throw refused(`was filled before, with ${contents.packs} packs: it can be measured as it is`);
}

const refused = (why: string) => new Fault('configuration', `this database ${why}`);

function refuseSmallDisk(dir: string | undefined, packs: number): void {
  if (dir === undefined) return;
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize > packs * BYTES) return;
  const most = Math.floor((bavail * bsize) / BYTES / 1.2);
  throw new Fault(
    'configuration',
    `${packs} packs take ${sizeOf(packs)}, and ${dir} has less: --packs ${most}, or --data with a folder on another disk`,
  );
}

const sizeOf = (packs: number): string => `${((packs * BYTES) / 1e9).toFixed(1)} GB`;
