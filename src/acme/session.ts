import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { Account } from './account.ts';
import type { Directory } from './acme.ts';
import { isLoopbackHttp, isServerUrl } from './fields.ts';
import { type AcmeResponse, type Exchange, type Exchanged, Http } from './http.ts';
import { type Jws, signRequest } from './jws.ts';
import { Lazy } from './lazy.ts';
import { NoncePool } from './nonce.ts';
import { parseDirectory } from './parse.ts';
import { isProblem, problemOf } from './problem.ts';
import { jsonOf, toRefusal } from './response.ts';
import { Semaphore } from './semaphore.ts';

/** Most bytes of an answer in JSON. */
const MOST_JSON = 256 * 1_024;

/** How often a request is sent again with the nonce of the answer that refused its nonce. */
const MOST_NONCE_TRIES = 10;

/** Where the server is and how much of it is used at once. */
export interface AcmeOptions {
  readonly directoryUrl: string;
  /** PEM of roots to trust for TLS besides the system's. */
  readonly tlsRoots?: string;
  /** Most requests under way at once; 16 unless told. */
  readonly atOnce?: number;
  /** Longest time of one exchange; 30 s unless told. */
  readonly within?: Seconds;
  /** Whether this client never has a new order and a look at an authorization under way together: Pebble can hang for good. */
  readonly ordersApart?: boolean;
  /** Told of each exchange, whatever came of it. */
  readonly onExchange?: ((seen: Exchanged) => void) | undefined;
}

/** Whose key signs a request, and what the header says of it: `kid`, or the key itself (RFC 8555 6.2). */
export type Signer = (nonce: string) => Jws;

/** Signed exchanges with one server of RFC 8555: its directory, its nonces, its connections. */
export class Session {
  readonly #http: Http;
  readonly #nonces = new NoncePool();
  readonly #slots: Semaphore;
  readonly #directory: Lazy<Directory>;
  /** Host of the directory, for messages. */
  readonly host: string;

  /** Throws `configuration` when the directory's URL or the TLS roots cannot be used. */
  constructor({ directoryUrl, tlsRoots, atOnce = 16, within = 30, onExchange }: AcmeOptions) {
    const url = URL.parse(directoryUrl);
    if (!url) throw new Fault('configuration', `${directoryUrl} is not the URL of a directory`);
    this.host = url.host;
    this.#slots = new Semaphore(atOnce);
    this.#http = new Http({
      ...(tlsRoots !== undefined && { tlsRoots }),
      mostSockets: atOnce,
      within,
      mayUsePlainHttp: isLoopbackHttp(url),
      onExchange,
    });
    this.#directory = new Lazy(() => this.#readDirectory(directoryUrl));
  }

  /** The directory (7.1.1), read once and again after one of its URLs failed. */
  directory(signal: AbortSignal): Promise<Directory> {
    return this.#directory.get(signal);
  }

  /** POST of an account; POST-as-GET for a payload of undefined (6.3). */
  ask(account: Account, url: string, payload: unknown, signal: AbortSignal): Promise<AcmeResponse> {
    const sign = (nonce: string) => signRequest(account.key, { account: account.url, nonce, url }, payload);
    return this.post(url, sign, signal);
  }

  /** GET without a signature, as for renewal information (RFC 9773 4.1). Throws for an error's status. */
  async get(url: string, signal: AbortSignal): Promise<AcmeResponse> {
    const exchange = { method: 'GET', url, mostBytes: MOST_JSON } as const;
    const answer = await this.#slots.run(() => this.#send(exchange, signal), signal);
    if (answer.status >= 400) throw toRefusal(answer);
    return answer;
  }

  /** Sends a signed request; again at once, with the nonce of the refusal, when its nonce was refused (6.5). */
  post(
    url: string,
    sign: Signer,
    signal: AbortSignal,
    wanted: Pick<Exchange, 'accept' | 'mostBytes'> = { mostBytes: MOST_JSON },
  ): Promise<AcmeResponse> {
    return this.#slots.run(async () => {
      for (let tries = 1; ; tries += 1) {
        const nonce = this.#nonces.take() ?? (await this.#newNonce(signal));
        const body = JSON.stringify(sign(nonce));
        const answer = await this.#send({ method: 'POST', url, body, ...wanted }, signal);
        if (answer.status < 400) return answer;
        const fault = toRefusal(answer);
        const problem = problemOf(fault);
        if (!problem || !isProblem(problem, 'badNonce') || tries === MOST_NONCE_TRIES) throw fault;
      }
    }, signal);
  }

  async #newNonce(signal: AbortSignal): Promise<string> {
    const { newNonce } = await this.directory(signal);
    // The directory's own answer may have had one.
    const early = this.#nonces.take();
    if (early !== undefined) return early;
    await this.orForget(this.#send({ method: 'HEAD', url: newNonce, mostBytes: 0 }, signal));
    const nonce = this.#nonces.take();
    if (nonce !== undefined) return nonce;
    throw new Fault('ca_wrong_answer', `${this.host} gives no nonces (RFC 8555 7.2)`);
  }

  /** An exchange of which the nonce is kept, whatever came of it otherwise. */
  async #send(exchange: Exchange, signal: AbortSignal): Promise<AcmeResponse> {
    const answer = await this.#http.send(exchange, signal);
    this.#nonces.put(answer.headers['replay-nonce']);
    return answer;
  }

  async #readDirectory(url: string): Promise<Directory> {
    // Its time limit alone ends it: many callers may wait for it.
    const { signal } = new AbortController();
    const answer = await this.#send({ method: 'GET', url, mostBytes: MOST_JSON }, signal);
    if (answer.status >= 400) {
      // No refusal: its 404 would say that the order is gone for which the directory was read.
      throw new Fault(
        'ca_wrong_answer',
        `${this.host} answered HTTP ${answer.status} instead of a directory`,
      );
    }
    return parseDirectory(jsonOf(answer), this.host);
  }

  /** What a request to a URL of the directory gave. One that does not work may have moved: the directory is read again next time. */
  async orForget<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const status = problemOf(error)?.status;
      if (status === undefined || status === 404) this.#directory.forget();
      throw error;
    }
  }

  /** The URL of what an answer made. */
  location({ headers, url }: AcmeResponse): string {
    const location = headers.location === undefined ? '' : (URL.parse(headers.location, url)?.href ?? '');
    if (isServerUrl(location)) return location;
    throw new Fault('ca_wrong_answer', `${this.host} answered without the URL of what it made`);
  }
}
