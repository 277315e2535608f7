import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Cloudflare from 'cloudflare';
import type { CaRow } from '../../src/ca/ca.ts';
import { registryOf, rowsOf, worldOptions } from '../../src/dev/world-options.ts';
import { type BundledEdge, startBundledEdge } from '../../src/edge/bundled/bundled.ts';
import type { EdgeRow } from '../../src/edge/edge.ts';
import { OwnersKeys } from '../../src/keyless/owners-keys.ts';
import { VirtualClock } from '../../src/kit/clock.ts';
import { loadConfig, type Options } from '../../src/kit/config.ts';
import { newLog } from '../../src/kit/log.ts';
import { edgeSocketOf } from '../../src/serve/edge-socket.ts';
import { keylessSettingOf } from '../../src/serve/keyless-setting.ts';
import { type Service, startService } from '../../src/serve/service.ts';
import { type StartedSimulator, startSimulator } from '../../src/simulator/start.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool, type Pool } from '../../src/store/store.ts';
import { createToken } from '../../src/store/tokens.ts';
import { newClient } from './client.ts';
import { startTestDatabaseWithSchema } from './database.ts';
import { atFreePort } from './ports.ts';

/** The service inside the test's own process: its clock, its edges and its CAs are in the test's hands. */
export interface TestService {
  readonly pool: Pool;
  readonly client: Cloudflare;
  readonly accountId: string;
  readonly simulator: StartedSimulator;
  readonly edges: readonly TestEdge[];
  readonly moves: Service['moves'];
  /** Moves the clock of the service and of the simulated world on. */
  advance(seconds: number): Promise<void>;
}

/** An edge that can be taken away and come back at the same port. */
export interface TestEdge extends EdgeRow {
  /** Where it answers plain HTTP. */
  readonly httpPort: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What a service is to have that is not as usual. */
export interface TestServiceOptions {
  /** Its CAs, in place of the simulated ones; `dir` is for their files, hosts answer plain HTTP at `httpPort`. */
  readonly rows?: (simulator: StartedSimulator, dir: string, httpPort: number) => Promise<CaRow[]>;
  readonly options?: Partial<Options>;
  /** Names of its production edges; two unless told. */
  readonly edgeNames?: readonly string[];
}

/** Starts a service with two production edges. All ends with `ends`. */
export async function startTestService(
  ends: AsyncDisposableStack,
  { rows, options: other, edgeNames = ['edge-a', 'edge-b'] }: TestServiceOptions = {},
): Promise<TestService> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-service-'));
  chmodSync(dir, 0o711);
  ends.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const database = await startTestDatabaseWithSchema(dir);
  ends.defer(() => database.stop());
  const pool = openPool({ ...database.connection, max: 12 }, () => undefined);
  ends.defer(() => pool.end());
  await migrate(pool);
  const pull = edgeSocketOf({ options: loadConfig({}).options, dir });
  const configured = { ...loadConfig({}).options, ...other };
  const newKeys = () => new OwnersKeys(keylessSettingOf(configured, dir), newLog('silent'));
  const edges = await Promise.all(edgeNames.map((name) => testEdge(name, { pull, newKeys })));
  for (const edge of edges) ends.defer(() => edge.stop());
  const httpPort = edges[0]?.httpPort ?? 80;
  const simulator = await startSimulator({
    dir: join(dir, 'simulator'),
    aheadSeconds: 0,
    dnsPort: 0,
    httpPort,
    ...registryOf(configured),
    endsWithParent: true,
  });
  ends.defer(() => simulator.stop());

  const clock = new VirtualClock();
  const world = { ...worldOptions(configured, simulator), http_port: httpPort };
  // Most tests begin with an empty list.
  const options = { ...world, port: 0, rsa_keys: 2, universal: false, ...other };
  const parts = { options, dir, pool, clock, log: newLog('silent') };
  const cas = (await rows?.(simulator, dir, httpPort)) ?? rowsOf(simulator);
  const service = await startService({ ...parts, rows: cas, edges });
  ends.defer(service.stop);
  for (const edge of edges) ends.defer(() => edge.stop());
  const account = await createAccount(pool, 'test', clock.now());
  const apiToken = await createToken(
    pool,
    { accountId: account.id, name: 'test', access: 'write' },
    clock.now(),
  );
  const client = newClient({ apiToken, baseURL: service.api });
  const advance = async (seconds: number) => {
    const body = JSON.stringify({ advance_s: seconds });
    // A test may have taken the world away; the service's own time goes on.
    await fetch(`${simulator.control}/clock`, { method: 'POST', body }).catch(() => undefined);
    clock.advance(seconds);
    service.poke();
  };
  return { pool, client, accountId: account.id, simulator, edges, moves: service.moves, advance };
}

/** Listens from the start: a port that was merely free a moment ago may be another's when it is wanted. */
async function testEdge(
  name: string,
  { pull, newKeys }: { readonly pull: string; readonly newKeys: () => OwnersKeys },
): Promise<TestEdge> {
  const place = { host: '127.0.0.1', environment: 'production', pull, log: newLog('silent') } as const;
  const start = (port: number, http = 0) =>
    startBundledEdge({ ...place, port, httpPort: http, ownersKeys: newKeys() });
  let running: BundledEdge | undefined = await atFreePort((port) => start(port));
  const { port, httpPort = 0 } = running;
  return {
    name,
    kind: 'bundled',
    host: place.host,
    environment: place.environment,
    port,
    httpPort,
    start: async () => {
      running ??= await start(port, httpPort);
    },
    stop: async () => {
      await running?.close();
      running = undefined;
    },
  };
}
