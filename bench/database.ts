import { fileURLToPath } from 'node:url';
import { environ, loadConfig } from '../src/kit/config.ts';
import { newLog } from '../src/kit/log.ts';
import { dataPlace } from '../src/postgres/placement.ts';
import { openDatabase } from '../src/serve/database.ts';
import { migrate } from '../src/store/migrate.ts';
import { openPool, type Pool } from '../src/store/store.ts';
import { seed } from './seed/seed.ts';

/** The database that is measured. */
export interface BenchDatabase extends AsyncDisposable {
  readonly url: string;
  readonly pool: Pool;
  /** One line for people. */
  readonly description: string;
}

const open = (connectionString: string): Pool => openPool({ connectionString, max: 40 }, () => undefined);

/**
 * The database of `url`; else that of the configuration; else an embedded one of the benchmarks' own in `data`. Its
 * schema is brought up to date.
 */
export async function benchDatabase(given: {
  readonly database?: string;
  readonly data?: string;
}): Promise<BenchDatabase> {
  const { options } = loadConfig(environ());
  const { dir } = dataPlace({
    root: fileURLToPath(new URL('.', import.meta.url)),
    wanted: given.data ?? options.data_dir,
  });
  const database_url = given.database ?? options.database_url;
  const database = await openDatabase({ ...options, database_url }, dir, newLog('warn'));
  const pool = open(database.url);
  return {
    pool,
    url: database.url,
    description: database.description,
    [Symbol.asyncDispose]: async () => {
      await pool.end();
      await database.stop();
    },
  };
}

const SMALL = { packs: 50_000, zones: 1_000, largest: 12_500 };

/** A database of 50,000 packs beside the measured one, on the same server; made and filled where there is none yet. */
export async function smallDatabase(
  database: BenchDatabase,
  say: (what: string) => void,
): Promise<{ readonly url: string; readonly pool: Pool } & AsyncDisposable> {
  const name = 'certpacks_bench_small';
  const { rowCount } = await database.pool.query('select from pg_database where datname = $1', [name]);
  if (rowCount === 0) await database.pool.query(`create database ${name}`);
  // No URL of the platform's: that of a socket names no host.
  const url = database.url.replace(/^(\w+:\/\/[^/?]*\/)[^?]*/, `$1${name}`);
  const pool = open(url);
  await migrate(pool);
  const { rows } = await pool.query<{ is_empty: boolean }>(
    'select not exists (select from packs) as is_empty',
  );
  if (rows[0]?.is_empty) {
    say(`filling ${name} with ${SMALL.packs} packs, to compare with`);
    await seed({ url, ...SMALL, isMixed: false }, () => undefined);
  }
  return { pool, url, [Symbol.asyncDispose]: () => pool.end() };
}
