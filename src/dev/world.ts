import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiDeps } from '../api/deps.ts';
import type { EdgeRow } from '../edge/edge.ts';
import type { VirtualClock } from '../kit/clock.ts';
import type { Config } from '../kit/config.ts';
import type { Log } from '../kit/log.ts';
import type { Environment } from '../pack/pack.ts';
import { type Database, openDatabase } from '../serve/database.ts';
import { type Service, startService } from '../serve/service.ts';
import { DNS_ADDRESSES, type MailServerAddress, type SimulatorReady } from '../simulator/simulator.ts';
import { type StartedSimulator, startSimulator } from '../simulator/start.ts';
import { createAccount, listAccountsNamed } from '../store/accounts.ts';
import type { Pool } from '../store/store.ts';
import { createToken, deleteTokensNamed } from '../store/tokens.ts';
import { readClock, writeClock } from './clock-file.ts';
import { startControl } from './control.ts';
import { startEdges, type WorldEdge } from './edges.ts';
import type { Fixtures } from './fixtures.ts';
import { Pins, pinAccount } from './pins.ts';
import { atUsual, dnsPort } from './ports.ts';
import { worldRegions } from './regions.ts';
import { signInLink } from './sign-in-link.ts';
import { registryOf, rowsOf, worldOptions } from './world-options.ts';

/** A whole small world on this machine: database, simulated CAs and DNS, edges, the service and its control. */
export interface World {
  /** Base URL of the API. */
  readonly api: string;
  /** A token that may do everything in the world's account. */
  readonly token: string;
  readonly accountId: string;
  /** Where a browser finds the dashboard, and is signed in by that token: once, within ten minutes. */
  readonly dashboard: string | undefined;
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
  const httpPort = production.httpPort ?? 80;
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
  const rows = {
    rows: rowsOf(simulator),
    edges: edges.map(({ row }) => row),
    ...worldRegions(dir),
    uploadRoots: Object.values(simulator.cas).map(({ rootPem }) => rootPem),
  };
  const pin = fixtures && ((deps: ApiDeps) => new Pins(deps, fixtures));
  const serve = (api: number) =>
    startService({ ...ground, ...rows, pin, options: { ...ground.options, port: api } });
  const service = port === undefined ? await atUsual(8787, serve) : await serve(port);
  parts.defer(service.stop);
  // They have nothing to lose when the service ends.
  for (const edge of edges) parts.defer(() => edge.put(false));
  const account = await makeToken(database.pool, clock, fixtures);
  const control = await openControl({ ...ground, ...account, simulator, edges, service }, port);
  parts.defer(control.stop);
  const all = parts.move();
  return {
    ...account,
    api: service.api,
    dashboard: await signInLink(database.pool, service.dashboard, account.token),
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
  readonly edges: readonly WorldEdge[];
}

/** The control interface, beside the API's port when that was asked for. */
function openControl({ pool, clock, dir, accountId, ...rest }: ControlParts, apiPort: number | undefined) {
  const deps = {
    pool,
    clock,
    accountId,
    simulator: rest.simulator.control,
    poke: rest.service.poke,
    isIdle: rest.service.isIdle,
    edges: new Map(rest.edges.map((edge) => [edge.row.environment, edge])),
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
