import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import type { Environment } from '../../pack/pack.ts';
import { PullClient } from '../pull/pull-client.ts';
import { ContextCache } from './context-cache.ts';
import { HandshakeLimiter } from './handshake-limiter.ts';
import { helloOf } from './hello-of.ts';
import { newHttp01Server } from './http-01-server.ts';
import { passTo, tellName, type Upstream } from './upstream.ts';

export interface BundledEdgeOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly environment: Environment;
  /** Port for plain HTTP, where CAs ask for the files that show control; 0 picks a free one. No port, no listener. */
  readonly httpPort?: number;
  /** Path of the service's unix socket; see `startPull`. */
  readonly pull: string;
  /** Where decrypted bytes go; without it the edge answers requests itself, with the name of the handshake. */
  readonly upstream?: { readonly host: string; readonly port: number };
  readonly log: Log;
}

/** Counts since the start, and what there is now. */
interface BundledEdgeStats {
  readonly handshakes: number;
  /** Connections that were turned away by an alert: no name, an unknown one, or the service out of reach. */
  readonly refused: number;
  /** Handshakes that were begun and not done. */
  readonly failed: number;
  readonly connections: number;
  readonly halfOpen: number;
  /** Names whose certificates are in memory. */
  readonly names: number;
  readonly unknownNames: number;
  /** Lines of changes that the service has told; one line may tell of many. */
  readonly changes: number;
  /** Whether changes are followed now; without it what is in memory is asked for again at each use. */
  readonly isLive: boolean;
}

export interface BundledEdge {
  readonly port: number;
  /** Port for plain HTTP; undefined without that listener. */
  readonly httpPort: number | undefined;
  stats(): BundledEdgeStats;
  /** Ends every connection and resolves when nothing runs any more; also when it is called again. */
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 20_000;
const MOST_HALF_OPEN = 1_000;
const HANDSHAKE_SECONDS = 10;
const IDLE_SECONDS = 60;
const ANSWER_SECONDS = 30;

/**
 * A TLS edge that asks the service for the certificates of a name when the first client does, and keeps them
 * until a change is told. It serves TLS 1.2 and 1.3, ECDSA to whoever takes it and RSA to the others, and shows
 * no certificate at all for a name that no pack serves. Throws `configuration` where it cannot listen.
 */
export async function startBundledEdge(options: BundledEdgeOptions): Promise<BundledEdge> {
  const { environment, log, upstream } = options;
  const client = new PullClient({ path: options.pull, environment, log });
  const contexts = new ContextCache({ load: (name) => client.load(name), log });
  const answer = upstream ? passTo(upstream, IDLE_SECONDS) : tellName(ANSWER_SECONDS);
  const door = new Door(contexts, answer);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => door.open(socket));
  server.maxConnections = MOST_CONNECTIONS;
  const port = await listenOn(server, options.host, options.port);
  server.on('error', (err) => log.error({ err }, 'edge: listener failed'));
  const giveUp = (error: unknown) => {
    server.close();
    throw error;
  };
  const files = {
    file: (name: string, path: string) => client.file(name, path),
    serves: (name: string) => contexts.serves(name),
  };
  const plain = options.httpPort === undefined ? undefined : newHttp01Server(files);
  const httpPort = plain && (await listenOn(plain, options.host, options.httpPort ?? 0).catch(giveUp));
  plain?.on('error', (err) => log.error({ err }, 'edge: listener failed'));
  client.follow(contexts);
  const end = async () => {
    const closed = once(server, 'close');
    server.close();
    door.close();
    plain?.close();
    plain?.closeAllConnections();
    await Promise.all([closed, client.close()]);
  };
  let ended: Promise<void> | undefined;
  return {
    port,
    httpPort,
    stats: () => {
      const { known, unknown, changes, isLive } = contexts.counts;
      return { ...door.counts, names: known, unknownNames: unknown, changes, isLive };
    },
    close: () => {
      ended ??= end();
      return ended;
    },
  };
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

/** Where clients come in: it looks at the name they ask for, and shakes hands or turns them away. */
class Door {
  readonly #contexts: ContextCache;
  readonly #answer: Upstream;
  readonly #halfOpen = new HandshakeLimiter(MOST_HALF_OPEN, HANDSHAKE_SECONDS);
  readonly #sockets = new Set<Socket>();
  #handshakes = 0;
  #refused = 0;
  #failed = 0;

  constructor(contexts: ContextCache, answer: Upstream) {
    this.#contexts = contexts;
    this.#answer = answer;
  }

  get counts() {
    const [handshakes, refused, failed] = [this.#handshakes, this.#refused, this.#failed];
    return { handshakes, refused, failed, connections: this.#sockets.size, halfOpen: this.#halfOpen.size };
  }

  open(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    this.#halfOpen.enter(socket);
    this.#receive(socket).catch(() => socket.destroy());
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #receive(socket: Socket): Promise<void> {
    const hello = await helloOf(socket);
    if (hello === 'not tls') {
      socket.destroy();
      return;
    }
    const name = hello.serverName;
    const context = name === undefined ? 'unknown' : await this.#contexts.get(name);
    if (socket.destroyed) return;
    if (name === undefined || typeof context === 'string') {
      this.#turnAway(socket, context === 'unreachable' ? INTERNAL_ERROR : UNRECOGNIZED_NAME);
    } else this.#shakeHands(socket, name, context);
  }

  /** Ends with an alert; what the client sends on is dropped until it closes too, or its time is up. */
  #turnAway(socket: Socket, alert: Buffer): void {
    this.#refused++;
    socket.end(alert);
    socket.resume();
  }

  #shakeHands(socket: Socket, name: string, secureContext: SecureContext): void {
    const client = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
    let isDone = false;
    const giveUp = () => client.destroy();
    // The socket may be half open for an upstream's sake; a client that ends before its handshake is gone,
    // whether it did so before the two were joined or after.
    client.once('end', giveUp).on('error', giveUp);
    socket.once('end', giveUp);
    client.once('secure', () => {
      isDone = true;
      client.off('end', giveUp);
      this.#handshakes++;
      this.#halfOpen.leave(socket);
      this.#answer(client, name);
    });
    client.once('close', () => {
      if (!isDone) this.#failed++;
      socket.destroy();
    });
  }
}

/** A fatal alert in a record of its own (RFC 8446 6), sent before any other byte of ours. */
const alert = (description: number): Buffer => Buffer.from([21, 3, 1, 0, 2, 2, description]);
const UNRECOGNIZED_NAME = alert(112);
const INTERNAL_ERROR = alert(80);
