import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startEmbedded } from '../../src/postgres/postgres.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool } from '../../src/store/store.ts';

/** An empty database of a test's own. */
export interface TestDatabase {
  /** What a `pg` client or pool takes. */
  readonly connection: pg.ClientConfig;
  /** The same for another process. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Server that is not the embedded one, through pgbouncer or not; empty: tests are on the embedded one. */
export const TEST_SERVER = process.env['CERTPACKS_TEST_SERVER'] ?? '';
/** Where tests make their databases; empty: each on an embedded server of its own. */
const SERVER = TEST_SERVER || (process.env['CERTPACKS_TEST_SHARED'] ?? '');

/** Options for a test that is about the embedded database itself. */
export const embeddedOnly = { skip: TEST_SERVER === '' ? false : 'about the embedded database' } as const;

/** A database of this run's server that has the schema already, to be copied; empty: there is none. */
const TEMPLATE = process.env['CERTPACKS_TEST_TEMPLATE'] ?? '';

/** A new database, on the server of this run or else on an embedded server in `dir`. */
export function startTestDatabase(dir: string): Promise<TestDatabase> {
  return startDatabase(dir, '');
}

/** The same; where this run's server has a database with the schema, that comes with it. */
export function startTestDatabaseWithSchema(dir: string): Promise<TestDatabase> {
  return startDatabase(dir, TEMPLATE && `template ${TEMPLATE} strategy file_copy`);
}

async function startDatabase(dir: string, how: string): Promise<TestDatabase> {
  if (SERVER === '') return startEmbedded({ dir, log: () => undefined });
  const name = newName();
  await administer(SERVER, `create database ${name} ${how}`);
  const url = urlOf(SERVER, name);
  const host = url.searchParams.get('host') ?? url.hostname;
  const port = Number(url.searchParams.get('port') ?? url.port);
  const stop = () => administer(SERVER, `drop database if exists ${name} with (force)`);
  const { username: user, password } = url;
  return { connection: { host, port, user, password, database: name, ssl: false }, url: url.href, stop };
}

/** Environment of a process of ours that brings its own database, but where the tests are on a server that is given. */
export async function databaseEnvironment(ends: Ends): Promise<Readonly<Record<string, string>>> {
  return TEST_SERVER === '' ? {} : environmentOf(ends, await startTestDatabase(''));
}

/** Environment of one that is to use a new database of this run's server, where there is one: that spares it one of its own. */
export async function sharedEnvironment(ends: Ends): Promise<Readonly<Record<string, string>>> {
  return SERVER === '' ? {} : environmentOf(ends, await startTestDatabaseWithSchema(''));
}

interface Ends {
  after(end: () => unknown): void;
}

function environmentOf(ends: Ends, database: TestDatabase): Readonly<Record<string, string>> {
  ends.after(() => database.stop());
  return { CERTPACKS_DATABASE_URL: database.url };
}

/** A database with the schema on this server, that others can be made from. Its name. */
export async function makeTemplate(server: string): Promise<string> {
  const name = newName();
  await administer(server, `create database ${name}`);
  const pool = openPool({ connectionString: urlOf(server, name).href, max: 1 }, () => undefined);
  try {
    await migrate(pool);
  } finally {
    await pool.end();
  }
  // Nothing is copied to which anybody is connected, and a pooler holds on for a while.
  await administer(server, `alter database ${name} with allow_connections false`);
  const rest = `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${name}'`;
  await administer(server, rest);
  return name;
}

const newName = (): string => `test_${randomBytes(8).toString('hex')}`;

function urlOf(server: string, database: string): URL {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url;
}

async function administer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
