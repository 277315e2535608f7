/**
 * One embedded server for the tests of a run that want a database and no server of their own: each makes its database
 * there (test/support/database.ts), empty or as a copy of one with the schema. `npm test` starts it, and so does
 * `node --test --test-global-setup`; without it each test starts a server.
 * And one place for compiled modules: each file of tests, and each command that it starts, is a process that would compile all anew.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedServer, startEmbedded } from '../../src/postgres/postgres.ts';
import { makeTemplate } from './database.ts';

let dir = '';
let server: EmbeddedServer | undefined;

/** Starts the server, and says where it is to the tests' processes. */
export async function globalSetup(): Promise<void> {
  dir = mkdtempSync(join(tmpdir(), 'certpacks-shared-'));
  chmodSync(dir, 0o711);
  // Coverage is less precise of what was compiled before.
  if (!process.env['NODE_V8_COVERAGE'])
    set('NODE_COMPILE_CACHE', process.env['NODE_COMPILE_CACHE'] ?? join(dir, 'compiled'));
  const given = process.env['CERTPACKS_TEST_SERVER'];
  const url = given || (await startShared());
  if (!given) set('CERTPACKS_TEST_SHARED', url);
  set('CERTPACKS_TEST_TEMPLATE', await makeTemplate(url));
}

/** What the tests' processes are told, and was there before. */
const before = new Map<string, string | undefined>();
function set(name: string, value: string): void {
  before.set(name, process.env[name]);
  process.env[name] = value;
}

async function startShared(): Promise<string> {
  // What a power loss would do to it is no concern of these tests; those that it concerns start a server of their own.
  const settings = { max_connections: '300', fsync: 'off' };
  server = await startEmbedded({ dir, settings, log: () => undefined });
  const { host, port, user, password, database } = server.connection;
  const place = `host=${encodeURIComponent(host)}&port=${port}&sslmode=disable`;
  return `postgres://${user}:${password}@localhost/${database}?${place}`;
}

/** Stops it. */
export async function globalTeardown(): Promise<void> {
  await server?.stop();
  if (dir !== '') rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
