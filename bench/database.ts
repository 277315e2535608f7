import { fileURLToPath } from 'node:url';
import { environ, loadConfig } from '../src/kit/config.ts';
import { Fault } from '../src/kit/fault.ts';
import { newLog } from '../src/kit/log.ts';
import { dataPlace } from '../src/postgres/placement.ts';
import { openDatabase } from '../src/serve/database.ts';
import { openPool, type Pool, stateOf } from '../src/store/store.ts';

/** A database that benchmarks use. */
export interface BenchDatabase extends AsyncDisposable {
  readonly url: string;
  readonly pool: Pool;
  /** One line for people. */
  readonly description: string;
  /** Folder of the embedded server; undefined: a server that somebody named. */
  readonly dir: string | undefined;
}

const open = (connectionString: string): Pool => openPool({ connectionString, max: 40 }, () => undefined);

/**
 * The database of `url`, else an embedded one of the benchmarks' own, in `data`. Nothing is written to it yet, and the
 * configured one of the service is never taken: who measures has to name it.
 */
export async function benchDatabase(given: {
  readonly database?: string;
  readonly data?: string;
}): Promise<BenchDatabase> {
  const { options } = loadConfig(environ());
  const database_url = given.database ?? '';
  const dir = database_url === '' ? placeOf(given.data) : undefined;
  const log = newLog('warn');
  const database = await openDatabase({ ...options, database_url }, dir ?? '', log, { isMigrated: false });
  const pool = open(database.url);
  return {
    pool,
    url: database.url,
    description: database.description,
    dir,
    [Symbol.asyncDispose]: async () => {
      await pool.end();
      await database.stop();
    },
  };
}

const placeOf = (wanted = ''): string =>
  dataPlace({ root: fileURLToPath(new URL('.', import.meta.url)), wanted }).dir;

/** SQLSTATEs: `insufficient_privilege`, `duplicate_database`. */
const [MAY_NOT, IS_THERE] = ['42501', '42P04'];

/** A database of this name on the same server, made where there is none. Throws `configuration` where that is not allowed. */
export async function databaseBeside(database: BenchDatabase, name: string): Promise<BenchDatabase> {
  await database.pool.query(`create database ${name}`).catch((cause: unknown) => {
    if (stateOf(cause) === IS_THERE) return;
    if (stateOf(cause) !== MAY_NOT) throw cause;
    const words = `this benchmark makes the database ${name} beside the named one, and its user may not: alter role … createdb`;
    throw new Fault('configuration', words, { cause });
  });
  // No URL of the platform's: that of a socket names no host.
  const url = database.url.replace(/^(\w+:\/\/[^/?]*\/)[^?]*/, `$1${name}`);
  const pool = open(url);
  return {
    pool,
    url,
    description: `${name} on the same server`,
    dir: database.dir,
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

/** The same for one that is new and goes when it is let go of. */
export async function scratchBeside(database: BenchDatabase, name: string): Promise<BenchDatabase> {
  const drop = () => database.pool.query(`drop database if exists ${name} with (force)`);
  await drop();
  const scratch = await databaseBeside(database, name);
  return {
    ...scratch,
    [Symbol.asyncDispose]: async () => {
      await scratch[Symbol.asyncDispose]();
      await drop();
    },
  };
}
