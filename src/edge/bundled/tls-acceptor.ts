import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Tally } from '../tally.ts';
import type { ContextCache } from './context-cache.ts';
import { HandshakeLimiter } from './handshake-limiter.ts';
import { helloOf } from './hello-of.ts';
import { isRemote, type ShownContext } from './shown-context.ts';
import type { Upstream } from './upstream.ts';

/** Why a client was turned away by an alert before its handshake: what it asked for, or the service is out of reach. */
export const REFUSALS = ['no_name', 'malformed_name', 'unknown_name', 'unreachable'] as const;

/** How else a connection came to no handshake; `closed` is a client that went away. */
export const FAILURES = [
  'not_tls',
  'late',
  'crowded',
  'protocol_version',
  'no_shared_algorithm',
  'alpn',
  'client_alert',
  'key_unreachable',
  'closed',
  'other',
] as const;

export type Refusal = (typeof REFUSALS)[number];
export type HandshakeFailure = (typeof FAILURES)[number];

const MOST_HALF_OPEN = 1_000;
const HANDSHAKE_SECONDS = 10;

/** What is found for a client without SNI: the name of which it is taken to be, and what to serve; undefined: its address stands for none. */
export type Nameless = (
  address: string | undefined,
) => { readonly name: string; readonly context: ReturnType<ContextCache['get']> } | undefined;

/** Where clients come in: it looks at the name they ask for, and shakes hands or turns them away. */
export class TlsAcceptor {
  readonly #contexts: ContextCache;
  readonly #answer: Upstream;
  readonly #nameless: Nameless;
  readonly #halfOpen: HandshakeLimiter;
  /** Those that came to something are no longer counted under another head. */
  readonly #settled = new WeakSet<Socket>();
  readonly #sockets = new Set<Socket>();
  readonly #refusals = new Tally(REFUSALS);
  readonly #failures = new Tally(FAILURES);
  #accepted = 0;
  #handshakes = 0;
  #resumed = 0;

  constructor(contexts: ContextCache, answer: Upstream, nameless: Nameless = () => undefined) {
    this.#contexts = contexts;
    this.#nameless = nameless;
    this.#answer = answer;
    const evicted = (socket: Socket, why: HandshakeFailure) => this.#fail(socket, why);
    this.#halfOpen = new HandshakeLimiter(MOST_HALF_OPEN, HANDSHAKE_SECONDS, evicted);
  }

  get counts() {
    return {
      accepted: this.#accepted,
      handshakes: this.#handshakes,
      resumed: this.#resumed,
      refused: this.#refusals.sum,
      failed: this.#failures.sum,
      refusals: this.#refusals.counts,
      failures: this.#failures.counts,
      connections: this.#sockets.size,
      halfOpen: this.#halfOpen.size,
    };
  }

  open(socket: Socket): void {
    this.#accepted++;
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#fail(socket, 'closed');
    });
    this.#halfOpen.enter(socket);
    this.#receive(socket).catch(() => socket.destroy());
  }

  /** There was no room for a connection at all. */
  drop(): void {
    this.#failures.add('crowded');
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #receive(socket: Socket): Promise<void> {
    const hello = await helloOf(socket);
    if (typeof hello === 'string') {
      this.#fail(socket, hello === 'not tls' ? 'not_tls' : 'closed');
      socket.destroy();
      return;
    }
    const { serverName: name, hasOddName } = hello;
    if (hasOddName) return this.#turnAway(socket, 'malformed_name');
    const found =
      name === undefined ? this.#nameless(socket.localAddress) : { name, context: this.#contexts.get(name) };
    if (!found) return this.#turnAway(socket, 'no_name');
    const context = await found.context;
    if (socket.destroyed) return;
    if (typeof context !== 'string') this.#shakeHands(socket, found.name, context);
    else this.#turnAway(socket, context === 'unreachable' ? context : 'unknown_name');
  }

  /** Ends with an alert; what the client sends on is dropped until it closes too, or its time is up. */
  #turnAway(socket: Socket, why: Refusal): void {
    if (socket.destroyed) return;
    this.#settled.add(socket);
    this.#refusals.add(why);
    socket.end(why === 'unreachable' ? INTERNAL_ERROR : UNRECOGNIZED_NAME);
    socket.resume();
  }

  #fail(socket: Socket, why: HandshakeFailure): void {
    if (this.#settled.has(socket)) return;
    this.#settled.add(socket);
    this.#failures.add(why);
  }

  #shakeHands(socket: Socket, name: string, context: ShownContext): void {
    const client = isRemote(context)
      ? context.terminator.accept(socket, context)
      : new TLSSocket(socket, { isServer: true, secureContext: context, ALPNProtocols: ['http/1.1'] });
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
      this.#settled.add(socket);
      this.#handshakes++;
      if (client instanceof TLSSocket && client.isSessionReused()) this.#resumed++;
      this.#halfOpen.leave(socket);
      this.#answer(client, name);
    });
    client.once('close', () => {
      this.#fail(socket, 'closed');
      socket.destroy();
    });
  }
}

/** What OpenSSL ends a handshake with, in words of ours. */
const SSL_CODES: readonly (readonly [code: RegExp, why: HandshakeFailure])[] = [
  [/UNSUPPORTED_PROTOCOL|UNKNOWN_PROTOCOL|VERSION_TOO_LOW|WRONG_VERSION/, 'protocol_version'],
  [/NO_SHARED|NO_SUITABLE|NO_COMMON|NO_CIPHERS/, 'no_shared_algorithm'],
  [/NO_APPLICATION_PROTOCOL/, 'alpn'],
  [/_ALERT_/, 'client_alert'],
  [/KEY_UNREACHABLE/, 'key_unreachable'],
  [/^(?:ECONNRESET|EPIPE|ETIMEDOUT)$/, 'closed'],
];

function failureOf(error: Error): HandshakeFailure {
  const code = 'code' in error ? String(error.code) : '';
  return SSL_CODES.find(([pattern]) => pattern.test(code))?.[1] ?? 'other';
}

/** A fatal alert in a record of its own (RFC 8446 6), sent before any other byte of ours. */
const alert = (description: number): Buffer => Buffer.from([21, 3, 1, 0, 2, 2, description]);
const UNRECOGNIZED_NAME = alert(112);
const INTERNAL_ERROR = alert(80);
