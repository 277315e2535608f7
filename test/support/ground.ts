import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StartedSimulator, startSimulator } from '../../src/simulator/start.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool, type Pool } from '../../src/store/store.ts';
import { createToken } from '../../src/store/tokens.ts';
import { startTestDatabaseWithSchema } from './database.ts';
import { type Ends, RESPONDERS } from './serve.ts';

/** What processes of `certpacks serve` stand on: a database, and a simulated world around it. */
export interface Ground {
  /** Folder for their files. */
  readonly dir: string;
  readonly databaseUrl: string;
  readonly pool: Pool;
  readonly simulator: StartedSimulator;
  readonly accountId: string;
  /** A token that may write all of the account. */
  readonly token: string;
}

/** Starts it; `name` is that of the account. All ends with the test. */
export async function startGround(ends: Ends, name: string): Promise<Ground> {
  const dir = givenFolder(ends, name);
  const database = await startTestDatabaseWithSchema(join(dir, 'database'));
  ends.after(() => database.stop());
  const pool = openPool({ ...database.connection, max: 4 }, () => undefined);
  ends.after(() => pool.end());
  await migrate(pool);
  const simulator = await simulatorIn(ends, dir);
  const now = new Date();
  const { id: accountId } = await createAccount(pool, name, now);
  const token = await createToken(pool, { accountId, name, access: 'write' }, now);
  return { dir, databaseUrl: database.url, pool, simulator, accountId, token };
}

/** A folder that another user's server can reach. */
export function givenFolder(ends: Ends, name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `certpacks-${name}-`));
  chmodSync(dir, 0o711);
  ends.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

/** CAs and DNS, in which zones are delegated to the responders of two services. */
export async function simulatorIn(ends: Ends, dir: string): Promise<StartedSimulator> {
  const simulator = await startSimulator({
    dir: join(dir, 'simulator'),
    aheadSeconds: 0,
    dnsPort: 0,
    nameServers: RESPONDERS.map((address, i) => ({ name: `ns${i + 1}.certpacks.test`, address })),
    endsWithParent: true,
  });
  ends.after(() => simulator.stop());
  return simulator;
}
