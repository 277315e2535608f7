/** Options of `certpacks edge`, and what an edge is given for them. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { openAccessLog } from '../edge/bundled/access-log.ts';
import { toAlpn } from '../edge/bundled/alpn.ts';
import { type BundledEdgeOptions, CLIENT_LIMITS } from '../edge/bundled/bundled.ts';
import { toHostsByAddress } from '../edge/bundled/by-address.ts';
import type { OriginTerms } from '../edge/bundled/origins.ts';
import { toLowestTls } from '../edge/bundled/tls-limits.ts';
import type { UpstreamPlace } from '../edge/bundled/upstream.ts';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import type { Seconds } from '../kit/time.ts';
import { isNetwork } from '../pack/client-address.ts';
import { ENVIRONMENTS } from '../pack/pack.ts';
import { toCount, toPort } from './numbers.ts';

export interface EdgeOptions {
  readonly pull: string;
  readonly environment: string;
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  readonly httpPort?: number;
  readonly upstream?: string;
  readonly alpn: string;
  readonly lowestTls: string;
  readonly proxyProtocol?: true;
  readonly origins?: true;
  readonly originNetwork: readonly string[];
  readonly originPort: number;
  readonly originPlain?: true;
  readonly originCa?: string;
  readonly address: readonly string[];
  readonly clientConnections: number;
  readonly clientHandshakes: number;
  readonly accessLog?: string;
  readonly accessLogLines: number;
  readonly drainSeconds: Seconds;
  readonly processes?: number;
  readonly metricsListen?: string;
}

const SIGNALS_HELP = `
Signals         SIGTERM, SIGINT: takes no connection any more, and ends when those that are there did, or --drain-seconds are over.
                SIGHUP with --processes: new processes, of what is installed then, take the place of the old ones.`;

/** Adds the command. */
export function addEdgeCommand(certpacks: Command, run: (options: EdgeOptions) => Promise<void>): void {
  const command = certpacks
    .command('edge')
    .description('a bundled TLS edge that pulls its certificates from the service on this machine')
    .requiredOption('--pull <socket>', 'unix socket of the service (option edge_socket)')
    .option('--environment <name>', ENVIRONMENTS.join(' or '), 'production')
    .option(
      '--name <name>',
      'its name in [[edges]]: without it nothing is handed to it that is restricted to regions',
    )
    .option('--host <address>', 'address to listen on', '0.0.0.0')
    .option('--port <port>', 'port to listen on', toPort, 443)
    .option(
      '--http-port <port>',
      'port for plain HTTP, where CAs ask for files that show control (80)',
      toPort,
    )
    .option(
      '--address <address=host>',
      'for clients without SNI: the host that an address of this machine stands for; may be said again',
      (text: string, all: readonly string[]) => [...all, text],
      [],
    )
    .option('--metrics-listen <address:port>', 'where Prometheus reads /metrics; keep it away from the world')
    .addHelpText('after', SIGNALS_HELP);
  addUpstream(command);
  addOrigins(command);
  addLimits(command);
  command.action(run);
}

function addUpstream(command: Command): void {
  command
    .option('--upstream <host:port>', 'where decrypted connections are passed on to')
    .option(
      '--alpn <protocols>',
      'what is offered by ALPN, the most liked first: h2, http/1.1 or both; the upstream has to speak them',
      'http/1.1',
    )
    .option(
      '--lowest-tls <version>',
      'lowest version that a custom hostname may have by its min_tls_version: 1.0, 1.1 or 1.2; other names have 1.2',
      '1.2',
    )
    .option(
      '--proxy-protocol',
      'tell the upstream of each client by the PROXY protocol, version 2, before its first byte',
    );
}

function addOrigins(command: Command): void {
  command
    .option(
      '--origins',
      'pass clients of custom hostnames on to the origins that are said there, at public addresses alone, over TLS',
    )
    .option(
      '--origin-network <cidr>',
      'network in which origins may be too, e.g. 10.20.0.0/16; may be said again',
      (text: string, all: readonly string[]) => [...all, text],
      [],
    )
    .option('--origin-port <port>', 'port of origins', toPort, 443)
    .option('--origin-plain', 'speak with origins without TLS')
    .option(
      '--origin-ca <path>',
      'PEM file of the CAs that origins have certificates of; else those that Node knows',
    );
}

function addLimits(command: Command): void {
  command
    .option(
      '--client-connections <n>',
      'open at once for one client, an IPv4 address or a /64 of IPv6; 0: as many as there is room for',
      toCount,
      CLIENT_LIMITS.connections,
    )
    .option(
      '--client-handshakes <n>',
      'under way at once for one client; 0: no bound',
      toCount,
      CLIENT_LIMITS.handshakes,
    )
    .option(
      '--access-log <path>',
      'a line of JSON for each connection, when it is over; - is standard output',
    )
    .option('--access-log-lines <n>', 'a second at most', toCount, 1_000)
    .option('--drain-seconds <n>', 'how long connections may go on when it is asked to end', toCount, 10)
    .option('--processes <n>', 'that share the port, one for a core; SIGHUP begins them anew', toCount);
}

/** What an edge is given. Throws `configuration` for what makes no sense. */
export function toEdgeOptions(options: EdgeOptions, log: Log): Omit<BundledEdgeOptions, 'ownersKeys'> {
  const { pull, name, host, port, httpPort } = options;
  const environment = ENVIRONMENTS.find((one) => one === options.environment);
  if (!environment) throw new Fault('configuration', `--environment must be ${ENVIRONMENTS.join(' or ')}`);
  const alpn = toAlpn(options.alpn);
  if (options.upstream === undefined && (alpn.includes('h2') || options.proxyProtocol))
    throw new Fault(
      'configuration',
      '--alpn h2 and --proxy-protocol want an --upstream: by itself the edge answers HTTP/1.1',
    );
  const limits = { connections: options.clientConnections, handshakes: options.clientHandshakes };
  return {
    host,
    port,
    environment,
    name,
    pull,
    log,
    alpn,
    limits,
    lowestTls: toLowestTls(options.lowestTls),
    ...(options.origins && { origins: toOrigins(options) }),
    byAddress: toHostsByAddress(options.address),
    ...(httpPort !== undefined && { httpPort }),
    ...(options.upstream !== undefined && { upstream: toUpstream(options.upstream, options.proxyProtocol) }),
    ...(options.accessLog !== undefined && {
      accessLog: openAccessLog(options.accessLog, options.accessLogLines, log),
    }),
  };
}

function toOrigins({
  originNetwork: networks,
  originPort: port,
  originPlain,
  originCa,
}: EdgeOptions): OriginTerms {
  const wrong = networks.find((text) => !isNetwork(text));
  if (wrong !== undefined)
    throw new Fault('configuration', `--origin-network '${wrong}' must be a network as 10.20.0.0/16`);
  if (originPlain) return { networks, port, trust: 'plain' };
  return { networks, port, trust: originCa === undefined ? undefined : readCas(originCa) };
}

/** TLS passes silently over what is no certificate, and would know no origin. */
function readCas(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    new X509Certificate(text).toString();
    return text;
  } catch (cause) {
    throw new Fault(
      'configuration',
      `--origin-ca: ${path} cannot be read, or begins with no certificate in PEM`,
      {
        cause,
      },
    );
  }
}

function toUpstream(text: string, isToldClients = false): UpstreamPlace {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) throw new Fault('configuration', '--upstream must be HOST:PORT');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port), isToldClients };
}
