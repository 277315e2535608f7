import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import type { OwnersKeys } from '../../keyless/owners-keys.ts';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import type { TlsVersion } from '../../pack/hostname-tls.ts';
import type { Environment } from '../../pack/pack.ts';
import { type Follower, PullClient } from '../pull/pull-client.ts';
import { Tally } from '../tally.ts';
import type { AccessLog } from './access-log.ts';
import type { AlpnProtocol } from './alpn.ts';
import { type HostsByAddress, hostAt } from './by-address.ts';
import type { ClientLimits } from './client-limiter.ts';
import { ContextCache } from './context-cache.ts';
import type { BundledEdgeStats } from './edge-stats.ts';
import { newHttp01Server, PLAIN_ANSWERS, type PlainAnswer } from './http-01-server.ts';
import { type OriginTerms, passToOrigins } from './origins.ts';
import { TlsAcceptor } from './tls-acceptor.ts';
import { passTo, tellName, type UpstreamPlace } from './upstream.ts';

export interface BundledEdgeOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly environment: Environment;
  /** Its name in the service's configuration, which says where it is; without it, it gets nothing that is restricted. */
  readonly name?: string | undefined;
  /** Port for plain HTTP, where CAs ask for the files that show control; 0 picks a free one. No port, no listener. */
  readonly httpPort?: number;
  /** Path of the service's unix socket; see `startPull`. */
  readonly pull: string;
  /** Where decrypted bytes go; without it the edge answers requests itself, with the name of the handshake. */
  readonly upstream?: UpstreamPlace;
  /** Protocols that are offered by ALPN; `http/1.1` alone when left out. */
  readonly alpn?: readonly AlpnProtocol[];
  /** How origins of custom hostnames are reached; without it all clients go to the upstream. */
  readonly origins?: OriginTerms;
  /** The lowest version of TLS that a custom hostname may have; 1.2 when left out. */
  readonly lowestTls?: TlsVersion;
  /** What one client may have open at once; see `CLIENT_LIMITS` for what is meant when left out. */
  readonly limits?: ClientLimits;
  /** Is told of each connection when it is over; closed with the edge. */
  readonly accessLog?: AccessLog | undefined;
  /** Hosts for clients without SNI, by the address that they reach; without it they are shown no certificate. */
  readonly byAddress?: HostsByAddress;
  readonly log: Log;
  /** How packs are shown whose keys their owners keep; undefined: they are not. Ended with the edge. */
  readonly ownersKeys?: OwnersKeys | undefined;
}

export interface BundledEdge {
  readonly port: number;
  /** Port for plain HTTP; undefined without that listener. */
  readonly httpPort: number | undefined;
  stats(): BundledEdgeStats;
  /**
   * Takes no connection any more, lets those that are there come to their ends for as long, and closes.
   */
  drain(longest: Seconds): Promise<void>;
  /** Ends every connection and resolves when nothing runs any more; also when it is called again. */
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 20_000;
const IDLE_SECONDS = 60;
const ANSWER_SECONDS = 30;

/** What one client may have open at once, so that no single one fills the edge. */
export const CLIENT_LIMITS: ClientLimits = { connections: 2_000, handshakes: 200 };

/**
 * A TLS edge that asks the service for the certificates of a name when the first client does, and keeps them
 * until a change is told. It serves TLS 1.2 and 1.3, ECDSA to whoever takes it and RSA to the others, and shows
 * no certificate at all for a name that no pack serves. Throws `configuration` where it cannot listen.
 */
export async function startBundledEdge(options: BundledEdgeOptions): Promise<BundledEdge> {
  const { log } = options;
  const parts = partsOf(options);
  const { client, contexts, nameless, acceptor, plain } = parts;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => acceptor.open(socket));
  server.maxConnections = MOST_CONNECTIONS;
  server.on('drop', () => acceptor.drop());
  const port = await listenOn(server, options.host, options.port);
  server.on('error', (err) => log.error({ err }, 'edge: listener failed'));
  const giveUp = (error: unknown) => {
    server.close();
    throw error;
  };
  const httpPort = plain && (await listenOn(plain, options.host, options.httpPort ?? 0).catch(giveUp));
  plain?.on('error', (err) => log.error({ err }, 'edge: listener failed'));
  client.follow(both(contexts, nameless));
  const end = async () => {
    const closed = whenClosed(server);
    acceptor.close();
    options.ownersKeys?.close();
    plain?.close();
    plain?.closeAllConnections();
    await Promise.all([closed, client.close()]);
    await options.accessLog?.close();
  };
  let ended: Promise<void> | undefined;
  const close = () => {
    ended ??= end();
    return ended;
  };
  return {
    port,
    httpPort,
    stats: () => statsOf(parts),
    drain: async (longest) => {
      server.close();
      plain?.close();
      await within(acceptor.empty(), longest);
      await close();
    },
    close,
  };
}

/** What an edge is made of, not yet listening. */
interface Parts {
  readonly client: PullClient;
  readonly contexts: ContextCache;
  /** What clients without SNI are shown, by the host that their address stands for. */
  readonly nameless: ContextCache;
  readonly acceptor: TlsAcceptor;
  readonly plain: HttpServer | undefined;
  readonly plainAnswers: Tally<PlainAnswer>;
  readonly upstreamFailures: Tally<'failed'>;
  readonly accessLog: AccessLog | undefined;
}

function partsOf(options: BundledEdgeOptions): Parts {
  const { environment, log, upstream, pull, httpPort, byAddress = new Map<string, string>() } = options;
  const { alpn = ['http/1.1'], limits = CLIENT_LIMITS, accessLog } = options;
  const made = { log, elsewhere: options.ownersKeys, lowestTls: options.lowestTls };
  const client = new PullClient({ path: pull, environment, edge: options.name, log });
  const contexts = new ContextCache({ load: (name) => client.load(name), ...made });
  const nameless = new ContextCache({ load: (name) => client.load(name, 'address'), ...made });
  const find = (address: string | undefined) => {
    const name = hostAt(byAddress, address);
    return name === undefined ? undefined : { name, context: nameless.get(name) };
  };
  const upstreamFailures = new Tally(['failed']);
  const failed = () => upstreamFailures.add('failed');
  const usual = upstream ? passTo(upstream, IDLE_SECONDS, failed) : tellName(ANSWER_SECONDS);
  const { origins } = options;
  const answer = origins ? passToOrigins(origins, usual, { idle: IDLE_SECONDS, failed }) : usual;
  const source = {
    file: (name: string, path: string) => client.file(name, path),
    serves: (name: string) => contexts.serves(name),
  };
  const plainAnswers = new Tally(PLAIN_ANSWERS);
  const plain = httpPort === undefined ? undefined : newHttp01Server(source, plainAnswers);
  return {
    client,
    contexts,
    nameless,
    acceptor: new TlsAcceptor({ contexts, answer, nameless: find, alpn, limits, accessLog }),
    accessLog,
    plain,
    plainAnswers,
    upstreamFailures,
  };
}

/** Both are told of each change. */
const both = (one: Follower, other: Follower): Follower => ({
  live: () => {
    one.live();
    other.live();
  },
  lost: () => {
    one.lost();
    other.lost();
  },
  changed: (hosts) => {
    one.changed(hosts);
    other.changed(hosts);
  },
});

function statsOf({
  client,
  contexts,
  acceptor,
  plainAnswers,
  upstreamFailures,
  accessLog,
}: Parts): BundledEdgeStats {
  const { known, unknown, changes, isLive } = contexts.counts;
  return {
    ...acceptor.counts,
    names: known,
    unknownNames: unknown,
    pulls: client.counts,
    plainAnswers: plainAnswers.counts,
    upstreamFailures: upstreamFailures.sum,
    accessLog: accessLog?.counts ?? { lines: 0, dropped: 0 },
    changes,
    isLive,
  };
}

/** Closes a server, also one that is being closed, and resolves when it is. */
async function whenClosed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await promise;
}

async function within(work: Promise<void>, longest: Seconds): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, longest * 1_000);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

async function listenOn(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening').catch((cause: unknown) => {
    throw new Fault('configuration', `cannot listen on ${host}:${port}`, { cause });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
