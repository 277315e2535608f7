import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Algorithm } from '../../pack/pack.ts';
import { Tally } from '../tally.ts';
import type { AccessLog } from './access-log.ts';
import { type AlpnProtocol, alpnBytes, PROTOCOLS, toProtocol } from './alpn.ts';
import { ClientLimiter, type ClientLimits, type Seat } from './client-limiter.ts';
import type { ContextCache } from './context-cache.ts';
import { FAILURES, failureOf, type HandshakeFailure, REFUSALS, type Refusal } from './handshake-failure.ts';
import { HandshakeLimiter } from './handshake-limiter.ts';
import { helloOf } from './hello-of.ts';
import { type Decrypted, type Ends, endsOf, type Shaken, shakenOf, shownAlgorithm } from './shaken.ts';
import { isRemote, type ShownContext } from './shown-context.ts';
import type { Upstream } from './upstream.ts';

const MOST_HALF_OPEN = 1_000;
const HANDSHAKE_SECONDS = 10;

/** What is found for a client without SNI: the name of which it is taken to be, and what to serve; undefined: its address stands for none. */
export type Nameless = (
  address: string | undefined,
) => { readonly name: string; readonly context: ReturnType<ContextCache['get']> } | undefined;

export interface AcceptorOptions {
  readonly contexts: Pick<ContextCache, 'get'>;
  readonly answer: Upstream;
  readonly nameless: Nameless;
  /** Protocols that are agreed on by ALPN, the first that the client has too; never none. */
  readonly alpn: readonly AlpnProtocol[];
  readonly limits: ClientLimits;
  /** Is told of each connection when it is over. */
  readonly accessLog?: AccessLog | undefined;
}

/** A connection that is open. */
interface Opened {
  readonly socket: Socket;
  readonly ends: Ends;
  readonly seat: Seat;
  /** In ms of `performance.now`. */
  readonly since: number;
  /** What came of it: a handshake that was done, or why there is none. */
  outcome: 'served' | Refusal | HandshakeFailure | undefined;
  name: string | undefined;
  shaken: Shaken | undefined;
  algorithm: Algorithm | undefined;
}

/** Where clients come in: it looks at the name they ask for, and shakes hands or turns them away. */
export class TlsAcceptor {
  readonly #options: AcceptorOptions;
  readonly #alpn: Buffer;
  /** For names that take no HTTP/2. */
  readonly #withoutHttp2: Buffer;
  readonly #clients: ClientLimiter;
  readonly #halfOpen: HandshakeLimiter;
  readonly #opened = new Map<Socket, Opened>();
  readonly #refusals = new Tally(REFUSALS);
  readonly #failures = new Tally(FAILURES);
  readonly #protocols = new Tally(PROTOCOLS);
  #accepted = 0;
  #handshakes = 0;
  #resumed = 0;
  #whenEmpty: () => void = () => undefined;

  constructor(options: AcceptorOptions) {
    this.#options = options;
    const others = options.alpn.filter((protocol) => protocol !== 'h2');
    this.#alpn = alpnBytes(options.alpn);
    this.#withoutHttp2 = alpnBytes(others.length > 0 ? others : ['http/1.1']);
    this.#clients = new ClientLimiter(options.limits);
    const evicted = (socket: Socket, why: HandshakeFailure) => this.#fail(socket, why);
    this.#halfOpen = new HandshakeLimiter(MOST_HALF_OPEN, HANDSHAKE_SECONDS, evicted);
  }

  get counts() {
    return {
      accepted: this.#accepted,
      handshakes: this.#handshakes,
      resumed: this.#resumed,
      protocols: this.#protocols.counts,
      refused: this.#refusals.sum,
      failed: this.#failures.sum,
      refusals: this.#refusals.counts,
      failures: this.#failures.counts,
      connections: this.#opened.size,
      clients: this.#clients.size,
      halfOpen: this.#halfOpen.size,
    };
  }

  open(socket: Socket): void {
    this.#accepted++;
    socket.on('error', () => socket.destroy());
    const ends = endsOf(socket);
    const seat = ends && this.#clients.enter(ends.client.address);
    if (!seat) {
      // A client that has too many is not told so: it costs nothing but the reset.
      this.#failures.add(ends ? 'client_crowded' : 'closed');
      socket.resetAndDestroy();
      return;
    }
    const nothing = { outcome: undefined, name: undefined, shaken: undefined, algorithm: undefined };
    const opened: Opened = { socket, ends, seat, since: performance.now(), ...nothing };
    this.#opened.set(socket, opened);
    socket.once('close', () => this.#closed(opened));
    this.#halfOpen.enter(socket);
    this.#receive(opened).catch(() => socket.destroy());
  }

  /** There was no room for a connection at all. */
  drop(): void {
    this.#failures.add('crowded');
  }

  close(): void {
    for (const socket of this.#opened.keys()) socket.destroy();
  }

  /** Resolves when no connection is open any more. */
  empty(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#opened.size === 0) resolve();
    else this.#whenEmpty = resolve;
    return promise;
  }

  #closed(opened: Opened): void {
    const { socket, ends, seat, since, outcome = 'closed', ...rest } = opened;
    this.#fail(socket, 'closed');
    this.#opened.delete(socket);
    seat.leave();
    const { bytesRead, bytesWritten } = socket;
    const seconds = (performance.now() - since) / 1_000;
    this.#options.accessLog?.write({
      ...rest,
      client: ends.client,
      outcome,
      seconds,
      bytesIn: bytesRead,
      bytesOut: bytesWritten,
    });
    if (this.#opened.size === 0) this.#whenEmpty();
  }

  async #receive(opened: Opened): Promise<void> {
    const { socket } = opened;
    const hello = await helloOf(socket);
    if (typeof hello === 'string') {
      this.#fail(socket, hello === 'not tls' ? 'not_tls' : 'closed');
      socket.destroy();
      return;
    }
    const { serverName: name, hasOddName } = hello;
    if (hasOddName) return this.#turnAway(opened, 'malformed_name');
    const { contexts, nameless } = this.#options;
    const found = name === undefined ? nameless(socket.localAddress) : { name, context: contexts.get(name) };
    if (!found) return this.#turnAway(opened, 'no_name');
    opened.name = found.name;
    const context = await found.context;
    if (socket.destroyed) return;
    if (typeof context !== 'string') this.#shakeHands(opened, found.name, context);
    else this.#turnAway(opened, context === 'unreachable' ? context : 'unknown_name');
  }

  /** Ends with an alert; what the client sends on is dropped until it closes too, or its time is up. */
  #turnAway(opened: Opened, why: Refusal): void {
    const { socket } = opened;
    if (socket.destroyed || opened.outcome !== undefined) return;
    opened.outcome = why;
    this.#refusals.add(why);
    socket.end(why === 'unreachable' ? INTERNAL_ERROR : UNRECOGNIZED_NAME);
    socket.resume();
  }

  /** Of one that came to something, or is over, nothing is counted any more. */
  #fail(socket: Socket, why: HandshakeFailure): void {
    const opened = this.#opened.get(socket);
    if (!opened || opened.outcome !== undefined) return;
    opened.outcome = why;
    this.#failures.add(why);
  }

  #shakeHands(opened: Opened, name: string, context: ShownContext): void {
    const { socket } = opened;
    const alpn = context.takesHttp2 ? this.#alpn : this.#withoutHttp2;
    const client = serverSide(socket, context.own, alpn);
    const giveUp = () => client.destroy();
    // The socket may be half open for an upstream's sake; a client that ends before its handshake is gone,
    // whether it did so before the two were joined or after.
    client.once('end', giveUp);
    client.on('error', (error) => {
      this.#fail(socket, failureOf(error));
      client.destroy();
    });
    socket.once('end', giveUp);
    client.once('secure', () => {
      client.off('end', giveUp);
      this.#serve(opened, client, shakenOf(client, name, opened.ends), context.origin);
    });
    client.once('close', () => {
      this.#fail(socket, 'closed');
      socket.destroy();
    });
  }

  #serve(opened: Opened, client: Decrypted, shaken: Shaken, origin: ShownContext['origin']): void {
    opened.outcome = 'served';
    if (this.#options.accessLog) {
      opened.shaken = { ...shaken };
      opened.algorithm = shownAlgorithm(client);
    }
    this.#handshakes++;
    if (shaken.isResumed) this.#resumed++;
    this.#protocols.add(toProtocol(shaken.alpn));
    this.#halfOpen.leave(opened.socket);
    opened.seat.shaken();
    this.#options.answer(client, shaken, origin);
  }
}

/** The side of the connection that shakes hands: it emits `secure` when that is done. */
const serverSide = (socket: Socket, context: ShownContext['own'], alpn: Buffer) =>
  isRemote(context)
    ? context.terminator.accept(socket, context)
    : new TLSSocket(socket, { isServer: true, secureContext: context, ALPNProtocols: alpn });

/** A fatal alert in a record of its own (RFC 8446 6), sent before any other byte of ours. */
const alert = (description: number): Buffer => Buffer.from([21, 3, 1, 0, 2, 2, description]);
const UNRECOGNIZED_NAME = alert(112);
const INTERNAL_ERROR = alert(80);
