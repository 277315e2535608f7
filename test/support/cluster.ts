import type { ChildProcess } from 'node:child_process';
import type { TestContext } from 'node:test';
import type { StartedSimulator } from '../../src/simulator/start.ts';
import type { Pool } from '../../src/store/store.ts';
import { startGround } from './ground.ts';
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
  /** Where each tells its metrics. */
  readonly metrics: readonly string[];
}

/** Starts two processes of `certpacks serve`, configured as an operator would. All ends with the test. */
export async function startTwo(t: TestContext): Promise<Cluster> {
  const { dir, databaseUrl, pool, simulator, accountId, token } = await startGround(t, 'two');
  const edges = await Promise.all(RESPONDERS.map((_, i) => startEdge(t, socketOf(dir, i))));
  const file = writeConfiguration(dir, simulator, edges);
  const started = await Promise.all(
    RESPONDERS.map((address, i) =>
      startServe(t, {
        CERTPACKS_CONFIG: file,
        CERTPACKS_DATABASE_URL: databaseUrl,
        CERTPACKS_DATA_DIR: dir,
        CERTPACKS_EDGE_SOCKET: socketOf(dir, i),
        CERTPACKS_DNS_LISTEN: `${address}:${simulator.dnsPort}`,
        CERTPACKS_METRICS_LISTEN: '127.0.0.1:0',
      }),
    ),
  );
  return {
    pool,
    simulator,
    accountId,
    token,
    apis: started.map(({ api }) => api),
    services: started.map(({ child }) => child),
    metrics: started.map(({ said }) => metricsIn(said)),
  };
}

/** Where a process tells its metrics, by what it logged. */
function metricsIn(said: readonly string[]): string {
  const lines: { metrics?: string }[] = said.map((line) => JSON.parse(line));
  return lines.find(({ metrics }) => metrics)?.metrics ?? '';
}
