/** An agent's connection to the service: one HTTP/2 session of TLS 1.3, for all that it asks and is told. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2';
import { Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';
import { unreachable } from './connection-failure.ts';
import { BOUNDS, type Line, PATHS, SHAPES } from './protocol.ts';

export interface ConnectionOptions {
  /** `host:port`. */
  readonly address: string;
  /** Certificates of the CA by which the service is known, in PEM; no other is trusted. */
  readonly ca: string;
  /** What the agent shows; undefined: it enrols. */
  readonly shown?: { readonly certificate: string; readonly key: string };
  /** Silence after which a stream of changes counts as lost; three signs of life unless told. */
  readonly silence?: Seconds;
}

/** A check of what came from the other side, as TypeBox compiles it. */
interface Shape<T> {
  Check(value: unknown): value is T;
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 60_000;
const WINDOW = { stream: 1_048_576, session: 4_194_304 } as const;

/** Parts `host:port`; an IPv6 address stands in brackets. */
export function placeOf(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

export class ServiceConnection {
  readonly #session: ClientHttp2Session;
  readonly #options: ConnectionOptions;
  #failure: unknown;

  private constructor(session: ClientHttp2Session, options: ConnectionOptions) {
    this.#session = session;
    this.#options = options;
    session.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  /** Throws `service_unreachable` in words, also where the other side is not who it is to be. */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<ServiceConnection> {
    const { address, ca, shown } = options;
    signal.throwIfAborted();
    const session = connect(`https://${address}`, {
      ca,
      ...(shown && { cert: shown.certificate, key: shown.key }),
      minVersion: 'TLSv1.3',
      // The CA certifies this installation's service and its agents alone, and agents may not be servers: no name says more.
      checkServerIdentity: () => undefined,
      settings: { enablePush: false, initialWindowSize: WINDOW.stream },
    });
    const connection = new ServiceConnection(session, options);
    const late = setTimeout(() => session.destroy(new Error('late')), CONNECT_MS);
    const stop = () => session.destroy(new Error('aborted'));
    signal.addEventListener('abort', stop, { once: true });
    try {
      await connection.#connected();
      session.setLocalWindowSize(WINDOW.session);
      return connection;
    } catch (error) {
      session.destroy();
      signal.throwIfAborted();
      throw unreachable(address, error);
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', stop);
    }
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Asks with a body, and checks the answer. Throws `service_unreachable`, and `service_refused` with what the service says. */
  async ask<T>(path: string, body: object, shape: Shape<T>): Promise<T> {
    const text = JSON.stringify(body);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/json' };
    return this.#checked(await this.#exchange(headers, text), path, shape);
  }

  /** The same without a body; undefined for 404. */
  async get<T>(path: string, shape: Shape<T>): Promise<T | undefined> {
    const answer = await this.#exchange({ ':method': 'GET', ':path': path }, undefined);
    return answer.status === 404 ? undefined : this.#checked(answer, path, shape);
  }

  /** What the service tells, from a cursor on. Ends where the service ends it. Throws as `ask`, also after too long a silence. */
  async *lines(since: string | undefined, signal: AbortSignal): AsyncGenerator<Line> {
    const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`;
    const stream = this.#request({ ':method': 'GET', ':path': `${PATHS.changes}${query}` });
    const stop = () => stream.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      stream.end();
      const status = statusOf(await this.#answered(stream));
      if (status !== 200) throw refusal(PATHS.changes, status, await this.#bodyOf(stream));
      for await (const text of linesOf(this.#chunks(stream))) yield toLine(text);
    } finally {
      signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }

  /** Ends it at once. */
  close(): void {
    this.#session.destroy();
  }

  async #connected(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#session.once('connect', () => resolve());
    this.#session.once('error', reject);
    this.#session.once('close', () => reject(this.#failure ?? new Error('closed')));
    await promise;
  }

  #request(headers: object): ClientHttp2Stream {
    try {
      const stream = this.#session.request({ ...headers });
      return stream.on('error', (error) => {
        this.#failure ??= error;
      });
    } catch (error) {
      throw this.#lost(error);
    }
  }

  #lost(error: unknown): Fault {
    return error instanceof Fault ? error : unreachable(this.#options.address, this.#failure ?? error);
  }

  async #answered(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingHttpHeaders>();
    stream.once('response', resolve);
    stream.once('error', reject);
    stream.once('close', () => reject(this.#failure ?? new Error('closed')));
    const late = setTimeout(() => reject(new Error('late')), ANSWER_MS);
    return promise
      .catch((error: unknown) => {
        throw this.#lost(error);
      })
      .finally(() => clearTimeout(late));
  }

  async #exchange(headers: object, text: string | undefined): Promise<Answer> {
    const stream = this.#request(headers);
    const late = setTimeout(() => stream.destroy(new Error('late')), ANSWER_MS);
    try {
      stream.end(text);
      const status = statusOf(await this.#answered(stream));
      return { status, body: await this.#bodyOf(stream) };
    } finally {
      clearTimeout(late);
      stream.destroy();
    }
  }

  async #bodyOf(stream: ClientHttp2Stream): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > BOUNDS.line) throw broken('answered with more than an answer may have');
        chunks.push(chunk);
      }
    } catch (error) {
      throw this.#lost(error);
    }
    if (!stream.readableEnded) throw this.#lost(new Error('closed'));
    return Buffer.concat(chunks).toString();
  }

  /** The stream's bytes; silence counts only while somebody waits for them. */
  async *#chunks(stream: ClientHttp2Stream): AsyncGenerator<string> {
    const ms = (this.#options.silence ?? BOUNDS.heartbeat * 3) * 1_000;
    const arm = () => setTimeout(() => stream.destroy(new Error('silent')), ms);
    let watch = arm();
    try {
      for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
        clearTimeout(watch);
        yield chunk;
        watch = arm();
      }
    } catch (error) {
      throw this.#lost(error);
    } finally {
      clearTimeout(watch);
    }
  }

  #checked<T>({ status, body }: Answer, path: string, shape: Shape<T>): T {
    if (status !== 200) throw refusal(path, status, body);
    const value = valueOf(body);
    if (shape.Check(value)) return value;
    throw broken(`answered ${path} with something else than was asked`);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const statusOf = (headers: IncomingHttpHeaders): number => Number(headers[':status']);

/** The service speaks, and not as agreed. */
export const broken = (what: string): Fault =>
  new Fault(
    'service_unreachable',
    `the service ${what}: is it of another version? What was told before stays`,
  );

function refusal(path: string, status: number, body: string): Fault {
  const value = valueOf(body);
  const said = typeof value === 'object' && value !== null && 'error' in value ? String(value.error) : '';
  const words = said === '' ? `status ${status}` : `${said.slice(0, MOST_WORDS)} (${status})`;
  if (status >= 500)
    return new Fault('service_unreachable', `the service cannot answer ${path} now: ${words}`);
  return new Fault('service_refused', `the service refused ${path}: ${words}`);
}

const MOST_WORDS = 500;

function toLine(text: string): Line {
  const value = valueOf(text);
  if (SHAPES.line.Check(value)) return value;
  throw broken('told something that is no line of changes');
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Each chunk is looked at once, however long the line is. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let [parts, length]: [string[], number] = [[], 0];
  for await (const chunk of chunks) {
    const [first = '', ...others] = chunk.split('\n');
    parts.push(first);
    length += first.length;
    if (length > BOUNDS.line) throw broken('told a line longer than lines are');
    for (const next of others) {
      yield parts.join('');
      [parts, length] = [[next], next.length];
    }
  }
}
