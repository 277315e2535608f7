/** One HTTP exchange with a server that is not trusted: bounded in bytes and time, redirects not followed. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as http,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as https } from 'node:https';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import { certificatesIn } from './chain.ts';
import { isLoopbackHttp, isServerUrl } from './fields.ts';

/** What is sent. */
export interface Exchange {
  /** What is asked, e.g. `new-order`: for who counts. */
  readonly endpoint: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  /** A JWS, sent as `application/jose+json`. */
  readonly body?: string;
  readonly accept?: string;
  /** Most bytes of the answer's body. */
  readonly mostBytes: number;
}

/** What came back, whole. */
export interface AcmeResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** When the server wants to be asked again (Retry-After), in seconds from its answer. */
  readonly retryAfter?: Seconds | undefined;
}

/** An exchange that is over. */
export interface Exchanged {
  readonly endpoint: string;
  /** Undefined: there was no answer that could be read. */
  readonly status: number | undefined;
  readonly seconds: Seconds;
  /** Why there was no answer, or none that can be read; undefined also where we broke off ourselves. */
  readonly problem?: Fault;
}

/** How a server is talked to. */
export interface HttpOptions {
  /** PEM of roots to trust besides the system's. */
  readonly tlsRoots?: string;
  /** Most connections at once; they are kept and used again. */
  readonly mostSockets: number;
  /** Longest time that one exchange may take. */
  readonly within: Seconds;
  /** Whether plain http to the machine itself is used; else a hostile answer could send us there. */
  readonly mayUsePlainHttp: boolean;
  /** Told of each exchange, whatever came of it. */
  readonly onExchange?: ((seen: Exchanged) => void) | undefined;
}

/** Exchanges with one server over connections that are kept. */
export class Http {
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly #options: HttpOptions;

  /** Throws `configuration` when `tlsRoots` is not PEM. */
  constructor(options: HttpOptions) {
    const keeping = { keepAlive: true, maxSockets: options.mostSockets };
    this.#options = options;
    this.#agents = {
      http: new HttpAgent(keeping),
      https: new HttpsAgent({ ...keeping, ...trusting(options.tlsRoots) }),
    };
  }

  /**
   * The answer, whatever its status except a redirect. Throws `ca_unreachable` when there is none in time,
   * `ca_wrong_answer` for one that is too long, no HTTP, or leads elsewhere; the signal's reason when aborted.
   */
  async send(exchange: Exchange, signal: AbortSignal): Promise<AcmeResponse> {
    const url = this.#check(exchange.url);
    const began = performance.now();
    const stop = new Stop(this.#options.within, signal);
    let status: number | undefined;
    let problem: Fault | undefined;
    try {
      signal.throwIfAborted();
      const answer = await this.#exchange(url, exchange, stop);
      stop.check();
      ({ status } = answer);
      if ((answer.status >= 200 && answer.status < 300) || answer.status >= 400) return answer;
      throw new Fault(
        'ca_wrong_answer',
        `${url.host} answered with ${answer.status < 200 ? 'nothing' : 'a redirect'} (HTTP ${answer.status})`,
      );
    } catch (error) {
      signal.throwIfAborted();
      problem = error instanceof Fault ? error : toFault(error, url.host, stop);
      throw problem;
    } finally {
      stop.end();
      const seconds = (performance.now() - began) / 1_000;
      this.#options.onExchange?.({
        endpoint: exchange.endpoint,
        status,
        seconds,
        ...(problem && { problem }),
      });
    }
  }

  #check(text: string): URL {
    const url = isServerUrl(text) ? new URL(text) : undefined;
    if (url && (this.#options.mayUsePlainHttp || !isLoopbackHttp(url))) return url;
    throw new Fault(
      'ca_wrong_answer',
      `the CA names ${JSON.stringify(text.slice(0, 200))}, which is no https URL`,
    );
  }

  #exchange(url: URL, exchange: Exchange, stop: Stop): Promise<AcmeResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<AcmeResponse>();
    const options = { method: exchange.method, headers: headersOf(exchange) };
    const onAnswer = (answer: IncomingMessage) => {
      bodyOf(answer, exchange.mostBytes, url.host).then(
        (body) =>
          resolve({ url: exchange.url, status: answer.statusCode ?? 0, headers: answer.headers, body }),
        reject,
      );
    };
    const request =
      url.protocol === 'https:'
        ? https(url, { ...options, agent: this.#agents.https }, onAnswer)
        : http(url, { ...options, agent: this.#agents.http }, onAnswer);
    // Where a server changes the protocol, nothing else is told.
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      reject(new Fault('ca_wrong_answer', `${url.host} changes the protocol (HTTP 101)`));
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The server closed a kept connection while it was taken for this request (RFC 9112 9.3.1).
      if (request.reusedSocket && CLOSED.includes(error.code ?? ''))
        resolve(this.#exchange(url, exchange, stop));
      else reject(error);
    });
    stop.watch(request);
    request.end(exchange.body);
    return promise;
  }
}

/**
 * Ends an exchange when its time is over or its caller gives up. `AbortSignal.any` with `AbortSignal.timeout` does the
 * same, at a tenth of the price of the whole exchange, and leaves a timer behind.
 */
class Stop {
  /** Whether the time was over. */
  isLate = false;
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  #request: ClientRequest | undefined;

  constructor(within: Seconds, signal: AbortSignal) {
    this.#signal = signal;
    this.#timer = setTimeout(() => {
      this.isLate = true;
      this.#now();
    }, within * 1_000);
    signal.addEventListener('abort', this.#now);
  }

  /** The request that ends then; the last one, where there are several. */
  watch(request: ClientRequest): void {
    this.#request = request;
    if (this.isLate || this.#signal.aborted) this.#now();
  }

  /** Throws where it had to end: then what came may not be all. */
  check(): void {
    if (this.isLate || this.#signal.aborted) throw new Error('stopped');
  }

  /** The exchange is over. */
  end(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#now);
  }

  readonly #now = (): void => void this.#request?.destroy(new Error('stopped'));
}

const CLOSED: readonly string[] = ['ECONNRESET', 'EPIPE'];

function headersOf({ body, accept = 'application/json' }: Exchange): Record<string, string | number> {
  const about = { accept, 'accept-encoding': 'identity', 'user-agent': 'certpacks' };
  if (body === undefined) return about;
  return { ...about, 'content-type': 'application/jose+json', 'content-length': Buffer.byteLength(body) };
}

/** The body, whole. Events cost half of what the same costs by iteration. */
function bodyOf(answer: IncomingMessage, mostBytes: number, host: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  let length = 0;
  answer.on('data', (part: Buffer) => {
    length += part.length;
    if (length <= mostBytes) parts.push(part);
    else answer.destroy(new Fault('ca_wrong_answer', `${host} answered with more than ${mostBytes} bytes`));
  });
  answer.on('end', () => resolve(Buffer.concat(parts)));
  answer.on('error', reject);
  // Also where a server hangs up in the middle; after the end it says nothing new.
  answer.on('close', () => reject(new Error('the answer was cut off')));
  return promise;
}

function toFault(cause: unknown, host: string, { isLate }: Stop): Fault {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no reason given';
  if (isLate) return new Fault('ca_unreachable', `${host} did not answer in time`, { cause });
  if (code.startsWith('HPE_'))
    return new Fault('ca_wrong_answer', `${host} does not speak HTTP (${code})`, { cause });
  return new Fault('ca_unreachable', `${host} cannot be reached${whyOf(code)}`, { cause });
}

/** What a system's code means, where it is a riddle. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'the DNS resolver of this machine does not answer',
  ENOTFOUND: 'DNS knows no such name',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no way leads there',
  ETIMEDOUT: 'it does not answer',
};

const whyOf = (code: string): string =>
  `${UNREACHABLE[code] === undefined ? '' : `: ${UNREACHABLE[code]}`} (${code})`;

/** TLS options that trust `roots` besides the usual ones; made once, for parsing them takes milliseconds. */
function trusting(roots: string | undefined) {
  if (roots === undefined) return {};
  const ca = certificatesIn(roots).map(String);
  if (ca.length === 0) throw new Fault('configuration', 'the TLS roots of a CA are not certificates in PEM');
  return { secureContext: createSecureContext({ ca: [...getCACertificates('default'), ...ca] }) };
}
