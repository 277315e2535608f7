import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startEmbedded } from '../../src/store/embedded/embedded.ts';

/** An empty database of a test's own. */
export interface TestDatabase {
  /** What a `pg` client or pool takes. */
  readonly connection: pg.ClientConfig;
  /** The same for another process. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Server on which tests make their databases, through pgbouncer or not; the embedded one where it is empty. */
export const TEST_SERVER = process.env['CERTPACKS_TEST_SERVER'] ?? '';

/** Options for a test that is about the embedded database itself. */
export const embeddedOnly = { skip: TEST_SERVER === '' ? false : 'about the embedded database' } as const;

/** A new database, on `TEST_SERVER` or else on an embedded server in `dir`. */
export async function startTestDatabase(dir: string): Promise<TestDatabase> {
  if (TEST_SERVER === '') return startEmbedded({ dir, log: () => undefined });
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`create database ${name}`);
  const url = new URL(TEST_SERVER);
  url.pathname = `/${name}`;
  const host = url.searchParams.get('host') ?? url.hostname;
  const port = Number(url.searchParams.get('port') ?? url.port);
  const stop = () => administer(`drop database if exists ${name} with (force)`);
  return { connection: { host, port, user: url.username, database: name, ssl: false }, url: url.href, stop };
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
  const client = new pg.Client({ connectionString: TEST_SERVER });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
