import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type StartedSimulator, startSimulator } from '../../src/simulator/start.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool, type Pool } from '../../src/store/store.ts';
import { createToken } from '../../src/store/tokens.ts';
import { startTestDatabase } from './database.ts';
import { RESPONDERS, socketOf, startEdge, startServe, writeConfiguration } from './serve.ts';

/** Several processes of the service on one database, with one edge each, in one simulated world. */
export interface Cluster {
  readonly pool: Pool;
  readonly simulator: StartedSimulator;
  readonly accountId: string;
  readonly token: string;
  /** Base URLs of the API, one a process. */
  readonly apis: readonly string[];
  readonly services: readonly ChildProcess[];
}

/** Starts two processes of `certpacks serve`, configured as an operator would. All ends with the test. */
export async function startTwo(t: TestContext): Promise<Cluster> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-two-'));
  chmodSync(dir, 0o711);
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const database = await startTestDatabase(join(dir, 'database'));
  t.after(() => database.stop());
  const pool = openPool({ ...database.connection, max: 4 }, () => undefined);
  t.after(() => pool.end());
  await migrate(pool);
  const simulator = await startSimulator({
    dir: join(dir, 'simulator'),
    aheadSeconds: 0,
    dnsPort: 0,
    nameServers: RESPONDERS.map((address, i) => ({ name: `ns${i + 1}.certpacks.test`, address })),
    endsWithParent: true,
  });
  t.after(() => simulator.stop());
  const now = new Date();
  const account = await createAccount(pool, 'two', now);
  const token = await createToken(pool, { accountId: account.id, name: 'two', access: 'write' }, now);

  const edges = await Promise.all(RESPONDERS.map((_, i) => startEdge(t, socketOf(dir, i))));
  const file = writeConfiguration(dir, simulator, edges);
  const started = await Promise.all(
    RESPONDERS.map((address, i) =>
      startServe(t, {
        CERTPACKS_CONFIG: file,
        CERTPACKS_DATABASE_URL: database.url,
        CERTPACKS_DATA_DIR: dir,
        CERTPACKS_EDGE_SOCKET: socketOf(dir, i),
        CERTPACKS_DNS_LISTEN: `${address}:${simulator.dnsPort}`,
      }),
    ),
  );
  return {
    pool,
    simulator,
    accountId: account.id,
    token,
    apis: started.map(({ api }) => api),
    services: started.map(({ child }) => child),
  };
}
