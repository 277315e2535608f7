import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startEmbedded } from '../../src/postgres/postgres.ts';

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

/** A new database, on the server of this run or else on an embedded server in `dir`. */
export async function startTestDatabase(dir: string): Promise<TestDatabase> {
  if (SERVER === '') return startEmbedded({ dir, log: () => undefined });
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`create database ${name}`);
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  const host = url.searchParams.get('host') ?? url.hostname;
  const port = Number(url.searchParams.get('port') ?? url.port);
  const stop = () => administer(`drop database if exists ${name} with (force)`);
  const { username: user, password } = url;
  return { connection: { host, port, user, password, database: name, ssl: false }, url: url.href, stop };
}

/** Environment of a process of ours that is to use a new database; nothing where it brings its own. */
export async function databaseEnvironment(ends: {
  after(end: () => unknown): void;
}): Promise<Readonly<Record<string, string>>> {
  if (TEST_SERVER === '') return {};
  const database = await startTestDatabase('');
  ends.after(() => database.stop());
  return { CERTPACKS_DATABASE_URL: database.url };
}

async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
