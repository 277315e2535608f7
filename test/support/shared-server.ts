/**
 * One embedded server for the tests of a run that want a database and no server of their own: each makes its database
 * there (test/support/database.ts). `node --test --test-global-setup` runs it; without it each test starts a server.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedServer, startEmbedded } from '../../src/postgres/postgres.ts';

let dir = '';
let server: EmbeddedServer | undefined;

/** Starts the server, and says where it is to the tests' processes. */
export async function globalSetup(): Promise<void> {
  if (process.env['CERTPACKS_TEST_SERVER']) return;
  dir = mkdtempSync(join(tmpdir(), 'certpacks-shared-'));
  chmodSync(dir, 0o711);
  // What a power loss would do to it is no concern of these tests; those that it concerns start a server of their own.
  const settings = { max_connections: '300', fsync: 'off' };
  server = await startEmbedded({ dir, settings, log: () => undefined });
  const { host, port, user, password, database } = server.connection;
  const place = `host=${encodeURIComponent(host)}&port=${port}&sslmode=disable`;
  process.env['CERTPACKS_TEST_SHARED'] = `postgres://${user}:${password}@localhost/${database}?${place}`;
}

/** Stops it. */
export async function globalTeardown(): Promise<void> {
  await server?.stop();
  if (dir !== '') rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}
