import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CaRow } from '../ca/ca.ts';
import { type BundledEdge, startBundledEdge } from '../edge/bundled.ts';
import type { EdgeRow } from '../edge/edge.ts';
import type { VirtualClock } from '../kit/clock.ts';
import type { Config, Options } from '../kit/config.ts';
import type { Log } from '../kit/log.ts';
import { CERTIFICATE_AUTHORITIES, type Environment, VALIDITY_DAYS } from '../pack/pack.ts';
import { DNS_ADDRESSES, type SimulatorReady } from '../simulator/simulator.ts';
import { startSimulator } from '../simulator/start.ts';
import { createAccount, getAccountByName } from '../store/accounts.ts';
import type { Pool } from '../store/store.ts';
import { createToken, deleteTokensNamed } from '../store/tokens.ts';
import { readClock, writeClock } from './clock-file.ts';
import { startControl } from './control.ts';
import { openDatabase } from './database.ts';
import { type Ports, portsFor } from './ports.ts';
import { startService } from './service.ts';

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
}

/** Zone of delegated validation in this world, and the name of our own name server. */
const DELEGATION_ZONE = 'dcv.certpacks.test';
const NAME_SERVER = 'ns1.certpacks.test';
const HOST = '127.0.0.1';

/** Starts the world. What was started is stopped again when a later part fails. */
export async function startWorld({ config, log, dir, port }: WorldOptions): Promise<World> {
  await using parts = new AsyncDisposableStack();
  mkdirSync(dir, { recursive: true });
  const clock = readClock(dir);
  const ports = await portsFor(port);
  const { database, simulator } = await startGround(parts, { config, log, dir, clock, ports });
  const options = worldOptions(config.options, ports, simulator.dnsPort);
  const edges = { production: edgeRow('production', ports), staging: edgeRow('staging', ports) };
  const shared = { options, dir, pool: database.pool, clock, log };
  const service = await startService({ ...shared, rows: rowsOf(simulator), edges: Object.values(edges) });
  parts.defer(service.stop);
  const running = await startEdges(parts, Object.values(edges), service.edgeSocket, log);
  const { token, accountId } = await makeToken(database.pool, clock);
  const control = await startControl(
    {
      pool: database.pool,
      clock,
      accountId,
      simulator: simulator.control,
      poke: service.poke,
      edges: () => ({
        production: { ...placeOf(edges.production), ...running.get('production')?.stats() },
        staging: { ...placeOf(edges.staging), ...running.get('staging')?.stats() },
      }),
      onClock: () => writeClock(dir, clock),
    },
    ports.control,
  );
  parts.defer(control.stop);
  const all = parts.move();
  return {
    api: service.api,
    token,
    accountId,
    control: control.url,
    database: database.description,
    edges: { production: placeOf(edges.production), staging: placeOf(edges.staging) },
    dns: { host: DNS_ADDRESSES.resolver, port: simulator.dnsPort },
    cas: simulator.cas,
    stop: () => all.disposeAsync(),
  };
}

/** The database and the simulator, side by side: both take a moment. */
async function startGround(
  parts: AsyncDisposableStack,
  { config, log, dir, clock, ports }: Omit<WorldOptions, 'port'> & { clock: VirtualClock; ports: Ports },
) {
  const simulating = startSimulator({
    dir: join(dir, 'simulator'),
    aheadSeconds: clock.ahead,
    dnsPort: ports.dns,
    nameServers: [{ name: NAME_SERVER, address: DNS_ADDRESSES.responder }],
    endsWithParent: true,
  });
  const opening = openDatabase(config.options, dir, log);
  const [simulator, database] = await Promise.allSettled([simulating, opening]);
  if (simulator.status === 'fulfilled') parts.defer(() => simulator.value.stop());
  if (database.status === 'fulfilled') parts.defer(() => database.value.stop());
  if (simulator.status === 'rejected') throw simulator.reason;
  if (database.status === 'rejected') throw database.reason;
  return { simulator: simulator.value, database: database.value };
}

/** The operator's options, with those of the world in their place. */
const worldOptions = (options: Options, ports: Ports, dnsPort: number): Options => ({
  ...options,
  host: HOST,
  port: ports.api,
  delegation_zone: DELEGATION_ZONE,
  name_servers: [`${NAME_SERVER}=${DNS_ADDRESSES.responder}`],
  dns_listen: [`${DNS_ADDRESSES.responder}:${dnsPort}`],
  dns_rate_limit: 0,
  dns_roots: [DNS_ADDRESSES.root],
  dns_port: dnsPort,
  allow_addresses: ['127.0.0.0/8'],
});

const edgeRow = (environment: Environment, ports: Ports): EdgeRow => ({
  name: `${environment}-1`,
  environment,
  host: HOST,
  port: ports[environment],
});

const placeOf = ({ host, port }: EdgeRow): Place => ({ host, port });

async function startEdges(
  parts: AsyncDisposableStack,
  rows: readonly EdgeRow[],
  pull: string,
  log: Log,
): Promise<Map<Environment, BundledEdge>> {
  const running = new Map<Environment, BundledEdge>();
  for (const { environment, host, port } of rows) {
    const edge = await startBundledEdge({ host, port, environment, pull, log });
    parts.defer(() => edge.close());
    running.set(environment, edge);
  }
  return running;
}

/** The simulated CAs as configured rows: all four lengths of validity, wildcards and IDN everywhere. */
const rowsOf = ({ cas }: Pick<SimulatorReady, 'cas'>): CaRow[] =>
  CERTIFICATE_AUTHORITIES.map((name) => {
    const { directory, rootPem, eab } = cas[name];
    return {
      name,
      directoryUrl: directory,
      contact: ['mailto:operator@certpacks.test'],
      ...(eab && { eab }),
      hasAgreedToTerms: true,
      validityDays: VALIDITY_DAYS,
      sendsNotAfter: true,
      allowsWildcard: true,
      allowsIdn: true,
      reusesAuthorizations: name !== 'ssl_com',
      isPublic: false,
      tlsRoots: rootPem,
    };
  });

/** The world's account, and a fresh token for it in place of the last start's. */
async function makeToken(pool: Pool, clock: VirtualClock): Promise<{ token: string; accountId: string }> {
  const name = 'local';
  const account = (await getAccountByName(pool, name)) ?? (await createAccount(pool, name, clock.now()));
  await deleteTokensNamed(pool, account.id, name);
  const token = await createToken(pool, { accountId: account.id, name, access: 'write' }, clock.now());
  return { token, accountId: account.id };
}
