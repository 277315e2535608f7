import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiDeps } from '../api/deps.ts';
import { type BundledEdge, startBundledEdge } from '../edge/bundled/bundled.ts';
import type { EdgeRow } from '../edge/edge.ts';
import type { VirtualClock } from '../kit/clock.ts';
import type { Config } from '../kit/config.ts';
import type { Log } from '../kit/log.ts';
import type { Environment } from '../pack/pack.ts';
import { type Database, openDatabase } from '../serve/database.ts';
import { edgeSocketOf } from '../serve/edge-socket.ts';
import { type Service, startService } from '../serve/service.ts';
import type { ServiceParts } from '../serve/service-parts.ts';
import { DNS_ADDRESSES, type MailServerAddress, type SimulatorReady } from '../simulator/simulator.ts';
import { type StartedSimulator, startSimulator } from '../simulator/start.ts';
import { createAccount, listAccountsNamed } from '../store/accounts.ts';
import type { Pool } from '../store/store.ts';
import { createToken, deleteTokensNamed } from '../store/tokens.ts';
import { readClock, writeClock } from './clock-file.ts';
import { startControl } from './control.ts';
import type { Fixtures } from './fixtures.ts';
import { Pins, pinAccount } from './pins.ts';
import { atUsual, dnsPort } from './ports.ts';
import { HOST, registryOf, rowsOf, worldOptions } from './world-options.ts';

/** A whole small world on this machine: database, simulated CAs and DNS, edges, the service and its control. */
export interface World {
  /** Base URL of the API. */
  readonly api: string;
  /** A token that may do everything in the world's account. */
  readonly token: string;
  readonly accountId: string;
  /** Base URL of the control interface. */
  readonly control: string;
  readonly edges: Readonly<Record<Environment, Place>>;
  /** A resolver that knows the world's names. */
  readonly dns: Place;
  /** One line for people. */
  readonly database: string;
  readonly cas: SimulatorReady['cas'];
  readonly stop: () => Promise<void>;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

export interface WorldOptions {
  readonly config: Config;
  readonly log: Log;
  /** Folder of all its state. */
  readonly dir: string;
  /** Port of the API as asked for; undefined: the usual one, or a free one where that is taken. */
  readonly port: number | undefined;
  /** Requests to the API that a token may make in five minutes; any number unless told. */
  readonly rateLimit?: number | undefined;
  /** Whether new zones have Universal on; as the operator has it, unless told. */
  readonly isUniversalOn?: boolean | undefined;
  /** What is there under ids that are known beforehand. */
  readonly fixtures?: Fixtures | undefined;
  /** Where the simulated CAs hand their mails to; a mail server of the world's own unless told. */
  readonly smtp?: MailServerAddress | undefined;
}

/**
 * Starts the world. What was started is stopped again when a later part fails. Throws `configuration` when a
 * port that was asked for is taken.
 */
export async function startWorld(wanted: WorldOptions): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const { dir, log, port } = wanted;
  mkdirSync(dir, { recursive: true });
  const clock = readClock(dir);
  const edges = await startEdges(parts, { dir, log, options: wanted.config.options });
  const [production, staging] = edges;
  const httpPort = production.edge.httpPort ?? 80;
  const { database, simulator } = await startGround(parts, wanted, { clock, httpPort });
  const ground = {
    dir,
    log,
    clock,
    pool: database.pool,
    options: {
      ...worldOptions(wanted.config.options, simulator),
      http_port: httpPort,
      rate_limit: wanted.rateLimit ?? 0,
      universal: wanted.isUniversalOn ?? wanted.config.options.universal,
    },
  };
  const { fixtures } = wanted;
  const rows = { rows: rowsOf(simulator), edges: edges.map(({ row }) => row) };
  const pin = fixtures && ((deps: ApiDeps) => new Pins(deps, fixtures));
  const serve = (api: number) =>
    startService({ ...ground, ...rows, pin, options: { ...ground.options, port: api } });
  const service = port === undefined ? await atUsual(8787, serve) : await serve(port);
  parts.defer(service.stop);
  // They have nothing to lose when the service ends.
  for (const { edge } of edges) parts.defer(() => edge.close());
  const account = await makeToken(database.pool, clock, fixtures);
  const control = await openControl({ ...ground, ...account, simulator, edges, service }, port);
  parts.defer(control.stop);
  const all = parts.move();
  return {
    ...account,
    api: service.api,
    control: control.url,
    database: database.description,
    edges: { production: placeOf(production.row), staging: placeOf(staging.row) },
    dns: { host: DNS_ADDRESSES.resolver, port: simulator.dnsPort },
    cas: simulator.cas,
    stop: () => all.disposeAsync(),
  };
}

interface ControlParts {
  readonly pool: Pool;
  readonly clock: VirtualClock;
  readonly dir: string;
  readonly accountId: string;
  readonly simulator: SimulatorReady;
  readonly service: Service;
  readonly edges: readonly RunningEdge[];
}

const stateOf = ({ row, edge }: RunningEdge) =>
  [row.environment, { ...placeOf(row), ...edge.stats() }] as const;

/** The control interface, beside the API's port when that was asked for. */
function openControl({ pool, clock, dir, accountId, ...rest }: ControlParts, apiPort: number | undefined) {
  const deps = {
    pool,
    clock,
    accountId,
    simulator: rest.simulator.control,
    poke: rest.service.poke,
    isIdle: rest.service.isIdle,
    edges: () => Object.fromEntries(rest.edges.map(stateOf)),
    onClock: () => writeClock(dir, clock),
  };
  return apiPort && apiPort < 65_535
    ? startControl(deps, apiPort + 1)
    : atUsual(8788, (port) => startControl(deps, port));
}

/** The database and the simulator, side by side: both take a moment. */
async function startGround(
  parts: AsyncDisposableStack,
  { config, log, dir, smtp }: WorldOptions,
  { clock, httpPort }: { readonly clock: VirtualClock; readonly httpPort: number },
): Promise<{ database: Database; simulator: StartedSimulator }> {
  const simulate = (port: number) =>
    startSimulator({
      dir: join(dir, 'simulator'),
      aheadSeconds: clock.ahead,
      dnsPort: port,
      httpPort,
      ...(smtp && { smtp }),
      ...registryOf(config.options),
      endsWithParent: true,
    });
  // Whether the usual port is free is known only when it is taken: another world may start at the same moment.
  const usual = await dnsPort(8053);
  const simulating = usual === 0 ? simulate(0) : atUsual(usual, simulate);
  const [simulator, database] = await Promise.allSettled([
    simulating,
    openDatabase(config.options, dir, log),
  ]);
  if (simulator.status === 'fulfilled') parts.defer(() => simulator.value.stop());
  if (database.status === 'fulfilled') parts.defer(() => database.value.stop());
  if (simulator.status === 'rejected') throw simulator.reason;
  if (database.status === 'rejected') throw database.reason;
  return { simulator: simulator.value, database: database.value };
}

interface RunningEdge {
  readonly row: EdgeRow;
  readonly edge: BundledEdge;
}

const USUAL_PORTS = { production: 8443, staging: 9443 } as const;
/** Where every host of the world answers plain HTTP: the production edge does. */
const USUAL_HTTP_PORT = 8080;

/** One edge for each environment. They wait for the service's socket. */
function startEdges(
  parts: AsyncDisposableStack,
  ground: Pick<ServiceParts, 'dir' | 'log' | 'options'>,
): Promise<[RunningEdge, RunningEdge]> {
  const pull = edgeSocketOf(ground);
  const start = async (environment: Environment): Promise<RunningEdge> => {
    const place = { host: HOST, environment, pull, log: ground.log };
    const at = (port: number) =>
      environment === 'staging'
        ? startBundledEdge({ ...place, port })
        : atUsual(USUAL_HTTP_PORT, (httpPort) => startBundledEdge({ ...place, port, httpPort }));
    const edge = await atUsual(USUAL_PORTS[environment], at);
    parts.defer(() => edge.close());
    return {
      row: { name: `${environment}-1`, kind: 'bundled', environment, host: HOST, port: edge.port },
      edge,
    };
  };
  return Promise.all([start('production'), start('staging')]);
}

const placeOf = ({ host, port }: EdgeRow): Place => ({ host, port });

/** The world's account, and a fresh token for it in place of the last start's. */
async function makeToken(
  pool: Pool,
  clock: VirtualClock,
  fixtures: Fixtures | undefined,
): Promise<{ token: string; accountId: string }> {
  const name = 'local';
  if (fixtures) await pinAccount({ pool, clock }, fixtures);
  const [known] = fixtures ? [fixtures.account] : await listAccountsNamed(pool, name);
  const account = known ?? (await createAccount(pool, name, clock.now()));
  await deleteTokensNamed(pool, account.id, name);
  const token = await createToken(pool, { accountId: account.id, name, access: 'write' }, clock.now());
  return { token, accountId: account.id };
}
