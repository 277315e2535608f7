/** Where agents connect: HTTP/2 over TLS 1.3, on which both sides show certificates of one CA. */
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import { printable } from '../../kit/unprintable.ts';
import { ANSWERS, askedIn, reply } from './answers.ts';
import { shownBy } from './authority.ts';
import { writeLines } from './line-stream.ts';
import { BOUNDS, PATHS, SHAPES } from './protocol.ts';
import { refusalOf } from './refusal.ts';
import { readBody } from './request-body.ts';
import { Shares } from './shares.ts';
import { demandLife } from './sign-of-life.ts';
import type { AgentSource, KnownAgent } from './source.ts';
import { Tries } from './tries.ts';

export interface AgentListenerOptions {
  readonly host: string;
  readonly port: number;
  /** What the service shows, and the CA's certificate by which agents are known, in PEM. */
  readonly tls: { readonly certificate: string; readonly key: string; readonly ca: string };
  readonly source: AgentSource;
  readonly log: Log;
  /** Time between two signs of life; as the protocol has it when left out. */
  readonly heartbeat?: Seconds;
}

export interface AgentListener {
  readonly port: number;
  /** Shows another certificate from now on. */
  show(tls: AgentListenerOptions['tls']): void;
  /** Ends the connections of agents that are not known any more. */
  recheck(): void;
  /** Resolves when every connection is closed. */
  close(): Promise<void>;
}

/** Agents that may be connected, exchanges of one, and tries of tokens by one address in a minute. */
const [MOST_CONNECTIONS, MOST_STREAMS, MOST_TRIES] = [1_024, 32, 10];
/** Connections of one address, connections of one edge, and what an agent asks for at once beside its stream of changes. */
const [MOST_OF_ADDRESS, MOST_OF_EDGE, MOST_AT_ONCE] = [256, 4, 8];
/** Milliseconds for which a connection without an exchange is kept, and one of nobody that is known, whatever it says. */
const [IDLE_MS, STRANGER_MS] = [30_000, 60_000];

/** Starts it. Throws `configuration` where the address cannot be listened on. */
export async function startAgentListener(options: AgentListenerOptions): Promise<AgentListener> {
  const { log } = options;
  const server = createSecureServer({
    ...contextOf(options.tls),
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: 10_000,
    settings: { maxConcurrentStreams: MOST_STREAMS, enablePush: false },
    maxSessionMemory: 20,
  });
  server.maxConnections = MOST_CONNECTIONS;
  const desk = new Desk(options);
  server.on('connection', (socket) => desk.letIn(socket));
  server.on('session', (session) => desk.take(session));
  server.on('sessionError', (error) => log.debug({ code: codeOf(error) }, 'agents: a connection broke'));
  server.on('tlsClientError', (error) => log.debug({ code: codeOf(error) }, 'agents: no handshake'));
  await listening(server, options);
  server.on('error', (error) => log.error({ code: codeOf(error) }, 'agents: the listener failed'));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    show: (tls) => server.setSecureContext(contextOf(tls)),
    recheck: () => desk.recheck(),
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      desk.close();
      await promise;
    },
  };
}

const contextOf = ({ certificate, key, ca }: AgentListenerOptions['tls']) => ({
  cert: `${certificate}\n${ca}`,
  key,
  ca,
});

async function listening(server: Http2SecureServer, { host, port }: AgentListenerOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (cause) {
    throw new Fault(
      'configuration',
      `agent_listen: nobody can listen on ${host}, port ${port} (${codeOf(cause)})`,
      { cause },
    );
  } finally {
    server.off('error', reject);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : error instanceof Error ? error.name : '';

/** What is known of whom a connection is with. */
interface Caller {
  readonly address: string;
  /** Undefined: it shows no certificate of ours. */
  readonly agent: KnownAgent | undefined;
}

/** All who are connected. */
class Desk {
  readonly #options: AgentListenerOptions;
  readonly #callers = new Map<ServerHttp2Session, Caller>();
  /** The stream of changes of each edge: a second one ends the first. */
  readonly #streams = new Map<string, AbortController>();
  readonly #tries = new Tries(MOST_TRIES);
  readonly #addresses = new Shares(MOST_OF_ADDRESS);
  readonly #asking = new Shares(MOST_AT_ONCE);

  constructor(options: AgentListenerOptions) {
    this.#options = options;
  }

  /** Before anything of it is read: one address does not take all the places. */
  letIn(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    if (!this.#addresses.take(address)) return void socket.destroy();
    socket.once('close', () => this.#addresses.giveBack(address));
  }

  take(session: ServerHttp2Session): void {
    const caller = callerOf(session);
    this.#callers.set(session, caller);
    this.#bound(session, caller);
    session.once('close', () => this.#callers.delete(session));
    session.on('error', (error) =>
      this.#options.log.debug({ code: codeOf(error) }, 'agents: a connection broke'),
    );
    // Heartbeats keep those that are told of changes.
    session.setTimeout(IDLE_MS, () => session.destroy());
    session.on('stream', (stream, headers) => {
      stream.on('error', () => stream.destroy());
      this.#answer(stream, headers, caller).catch((error: unknown) => this.#refuse(stream, error, caller));
    });
  }

  /** A stranger stays for as long as an enrolment takes; of an edge that connects again and again the first connections end. */
  #bound(session: ServerHttp2Session, { agent }: Caller): void {
    if (!agent || !this.#options.source.isKnown(agent)) {
      const late = setTimeout(() => session.destroy(), STRANGER_MS).unref();
      session.once('close', () => clearTimeout(late));
      return;
    }
    const own = [...this.#callers].filter(([, other]) => other.agent?.edgeId === agent.edgeId);
    for (const [earlier] of own.slice(0, -MOST_OF_EDGE)) earlier.destroy();
  }

  recheck(): void {
    for (const [session, { agent }] of this.#callers)
      if (agent && !this.#options.source.isKnown(agent)) session.destroy();
  }

  close(): void {
    this.#tries.close();
    for (const one of this.#streams.values()) one.abort();
    for (const session of this.#callers.keys()) session.destroy();
  }

  async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, caller: Caller): Promise<void> {
    const { asked, query } = askedIn(headers);
    if (asked === `POST ${PATHS.enrol}`) return this.#enrol(stream, caller.address);
    const agent = this.#demandKnown(caller);
    if (asked === `GET ${PATHS.changes}`) return this.#tell(stream, agent, query.get('since') ?? undefined);
    const answer = ANSWERS[asked];
    if (!answer) throw new Fault('no_such_route', `there is no ${printable(asked).slice(0, 200)}`);
    if (!this.#asking.take(agent.edgeId))
      throw new Fault('too_many_requests', `an agent asks for ${MOST_AT_ONCE} things at once at most`);
    stream.once('close', () => this.#asking.giveBack(agent.edgeId));
    const result = await answer({ stream, agent, query, source: this.#options.source });
    // What was found for an edge that was removed meanwhile is not for its agent.
    this.#demandKnown(caller);
    reply(stream, 200, result);
  }

  #demandKnown({ agent }: Caller): KnownAgent {
    if (agent && this.#options.source.isKnown(agent)) return agent;
    throw new Fault(
      'edge_not_found',
      agent
        ? 'this edge was removed, or another agent took it up: this machine is not its agent any more'
        : 'a certificate is wanted here that was given at enrolment',
    );
  }

  async #enrol(stream: ServerHttp2Stream, address: string): Promise<void> {
    const body = await readBody(stream, SHAPES.enrol);
    if (!this.#tries.take(address))
      throw new Fault(
        'too_many_requests',
        'tokens were tried from this address too often; again in a minute',
      );
    reply(stream, 200, await this.#options.source.enrol(body, address));
    this.#tries.giveBack(address);
  }

  async #tell(stream: ServerHttp2Stream, agent: KnownAgent, since: string | undefined): Promise<void> {
    const { source, heartbeat = BOUNDS.heartbeat } = this.#options;
    this.#streams.get(agent.edgeId)?.abort();
    const ended = new AbortController();
    this.#streams.set(agent.edgeId, ended);
    stream.once('close', () => ended.abort());
    ended.signal.addEventListener('abort', () => stream.close());
    const stop = stream.session && demandLife(stream.session);
    try {
      stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
      await writeLines(stream, source.changes(agent, since, ended.signal), { heartbeat });
    } finally {
      stop?.();
      ended.abort();
      if (this.#streams.get(agent.edgeId) === ended) this.#streams.delete(agent.edgeId);
    }
  }

  #refuse(stream: ServerHttp2Stream, error: unknown, { address, agent }: Caller): void {
    if (stream.destroyed || stream.aborted) return;
    const { status, words, isOurs } = refusalOf(error);
    const about = { edge: agent?.edgeId, address, status };
    if (isOurs) this.#options.log.error({ ...about, code: codeOf(error) }, 'agents: no answer for one');
    else this.#options.log.info({ ...about, why: words }, 'agents: one was refused');
    if (stream.headersSent) stream.destroy();
    else reply(stream, status, { error: words });
  }
}

function callerOf(session: ServerHttp2Session): Caller {
  const { socket } = session;
  const address = socket.remoteAddress ?? '';
  if (!(socket instanceof TLSSocket) || !socket.authorized) return { address, agent: undefined };
  const { raw } = socket.getPeerCertificate();
  const shown = raw && shownBy(raw);
  return { address, agent: shown && { ...shown, address } };
}
