import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import { startEmbedded } from '../postgres/postgres.ts';
import type { FencedPool } from '../store/fenced-pool.ts';
import { migrate } from '../store/migrate.ts';
import { checkOwnership } from '../store/ownership.ts';
import { openPool, type Pool, stateOf } from '../store/store.ts';
import { readDatabaseUrl } from './database-url.ts';
import { unusable } from './database-words.ts';

/** A database that is ready: reachable and with the schema of this version. */
export interface Database {
  readonly pool: FencedPool;
  /** One line for people: which database it is. */
  readonly description: string;
  /** For other processes: the URL under which they reach it. */
  readonly url: string;
  /** Migrations of a newer version that ran there. */
  readonly newer: readonly string[];
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
  // Those that are lost while idle are replaced; of a database that is away its watch tells.
  const onError = (error: Error) => log.info({ err: error }, 'a database connection broke');
  const max = options.database_pool;
  const open = (at: Parameters<typeof openPool>[0]) => openPool({ ...at, max, ...special }, onError);
  return options.database_url === ''
    ? openEmbedded({ options, dir, log, isMigrated, open })
    : openElsewhere({ options, log, isMigrated, open });
}

interface Opening {
  readonly options: Options;
  readonly log: Log;
  readonly isMigrated: boolean;
  readonly open: (at: Parameters<typeof openPool>[0]) => FencedPool;
}

async function openElsewhere({ options, log, isMigrated, open }: Opening): Promise<Database> {
  const at = readDatabaseUrl(options.database_url);
  for (const warning of at.warnings) log.warn(warning);
  const pool = open({ connectionString: at.connectionString });
  try {
    await pool.query('select');
    const newer = await prepare(pool, isMigrated, log);
    const description = await describe(pool);
    return { pool, url: options.database_url, description, newer, stop: () => pool.end() };
  } catch (error) {
    await pool.end();
    throw error instanceof Fault && error.fault === 'configuration' ? error : unusable(error, at);
  }
}

async function openEmbedded(opening: Opening & { readonly dir: string }): Promise<Database> {
  const { options, dir, log, isMigrated, open } = opening;
  const buffers = options.database_memory_mb || undefined;
  const server = await startEmbedded({ dir, buffers, log: (line) => log.info(line) });
  const pool = open(server.connection);
  const how = server.isAdopted ? 'embedded, already running' : 'embedded';
  const stop = async () => {
    await pool.end();
    await server.stop();
  };
  try {
    const newer = await prepare(pool, isMigrated, log);
    const description = `${await describe(pool)}, ${how}, in ${dir}`;
    return { pool, url: server.url, description, newer, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Holds that the database is ours, and brings its schema up to date. Migrations of a newer version that it has. */
async function prepare(pool: FencedPool, isMigrated: boolean, log: Log): Promise<string[]> {
  const newer = await checkOwnership(pool);
  if (newer.length > 0)
    log.warn(
      { newer },
      'the database was used by a newer version of certpacks: this one goes on with what it knows',
    );
  try {
    if (isMigrated) await migrate(pool);
    return newer;
  } catch (error) {
    throw otherwise(error, newer);
  }
}

/** The fault of a schema that is not as this version needs it; any other error as it is. */
export function otherwise(error: unknown, newer: readonly string[]): unknown {
  const state = stateOf(error);
  if (!/^42(?!501)/.test(state)) return error;
  const why = error instanceof Error ? error.message : '';
  const whose =
    newer.length > 0
      ? `it was used by a newer version of certpacks (${newer.join(', ')}): use that one, or restore a backup from before`
      : 'is it changed by hand, or another application’s?';
  return new Fault(
    'configuration',
    `the tables of the database are not as this version of certpacks needs them (${why}, ${state}): ${whose}`,
    { cause: error },
  );
}

async function describe(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ server_version: string }>('show server_version');
  return `PostgreSQL ${rows[0]?.server_version.split(' ')[0] ?? ''}`;
}
