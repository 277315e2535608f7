import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import { startEmbedded } from '../postgres/postgres.ts';
import type { FencedPool } from '../store/fenced-pool.ts';
import { migrate } from '../store/migrate.ts';
import { openPool, type Pool } from '../store/store.ts';

/** A database that is ready: reachable and with the schema of this version. */
export interface Database {
  readonly pool: FencedPool;
  /** One line for people: which database it is. */
  readonly description: string;
  /** For other processes: the URL under which they reach it. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

interface DatabaseOptions {
  /** Whether the schema is brought up to date; it is unless told. */
  readonly isMigrated?: boolean;
  /** What the pool is to have that is not as usual. */
  readonly pool?: Parameters<typeof openPool>[0];
}

/** Opens the configured database, or starts (or adopts) the embedded one in `dir`, and migrates it unless told not to. */
export async function openDatabase(
  options: Options,
  dir: string,
  log: Log,
  { isMigrated = true, pool: special }: DatabaseOptions = {},
): Promise<Database> {
  const onError = (error: Error) => log.warn({ err: error }, 'a database connection broke');
  const max = options.database_pool;
  if (options.database_url !== '') {
    const pool = openPool({ connectionString: options.database_url, max, ...special }, onError);
    await reach(pool);
    if (isMigrated) await migrate(pool);
    return {
      pool,
      url: options.database_url,
      description: await describe(pool),
      stop: () => pool.end(),
    };
  }
  const server = await startEmbedded({ dir, log: (line) => log.info(line) });
  const pool = openPool({ ...server.connection, max, ...special }, onError);
  const how = server.isAdopted ? 'embedded, already running' : 'embedded';
  const stop = async () => {
    await pool.end();
    await server.stop();
  };
  if (isMigrated) await migrate(pool);
  return { pool, url: server.url, description: `${await describe(pool)}, ${how}, in ${dir}`, stop };
}

/** Throws `configuration` in words, without the URL: it holds a password. */
async function reach(pool: Pool): Promise<void> {
  try {
    await pool.query('select');
  } catch (cause) {
    await pool.end();
    const why = cause instanceof Error ? cause.message : '';
    throw new Fault('configuration', `the database of database_url cannot be used: ${why}`, { cause });
  }
}

async function describe(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ server_version: string }>('show server_version');
  return `PostgreSQL ${rows[0]?.server_version.split(' ')[0] ?? ''}`;
}
