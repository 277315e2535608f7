import { type Clock, systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { Semaphore } from '../kit/semaphore.ts';
import type { Seconds } from '../kit/time.ts';
import type { Account } from './account.ts';
import type { Directory } from './acme.ts';
import { isLoopbackHttp, serverUrl } from './fields.ts';
import { type AcmeResponse, type Exchange, type Exchanged, Http } from './http.ts';
import { type Jws, signRequest } from './jws.ts';
import { Lazy } from './lazy.ts';
import { NoncePool, readNonce } from './nonce.ts';
import { parseDirectory } from './parse.ts';
import { type Endpoint, type PauseStore, Pauses } from './pauses.ts';
import { errorStatusOf, isProblem, problemName, problemOf, WrongAnswer } from './problem.ts';
import { jsonOf, toRefusal } from './response.ts';
import { retryAfterOf } from './retry-after.ts';

/** Most bytes of an answer in JSON. */
const MOST_JSON = 256 * 1_024;

/** How often a request is sent with the nonce of the answer that refused its nonce. */
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
  /** By which pauses end; the machine's unless told. */
  readonly clock?: Clock;
  /** Where pauses are kept beside this process; nowhere unless told. */
  readonly pauses?: PauseStore | undefined;
  /** Told of each exchange, whatever came of it. */
  readonly onExchange?: ((seen: Exchanged) => void) | undefined;
}

/** Whose key signs a request, and what the header says of it: `kid`, or the key itself (RFC 8555 6.2). */
export type Signer = (nonce: string) => Jws;

/** What is asked, and where. */
export interface Asked {
  readonly endpoint: Endpoint;
  readonly url: string;
}

/** How an answer is wanted. */
export type Wanted = Pick<Exchange, 'accept' | 'mostBytes'>;

/** Signed exchanges with one server of RFC 8555: its directory, its nonces, its connections. */
export class Session {
  readonly #http: Http;
  readonly #nonces = new NoncePool();
  readonly #slots: Semaphore;
  readonly #directory: Lazy<Directory>;
  readonly #clock: Clock;
  readonly #pauses: Pauses;
  /** Host of the directory, for messages. */
  readonly host: string;

  /** Throws `configuration` when the directory's URL or the TLS roots cannot be used. */
  constructor({ directoryUrl, tlsRoots, atOnce = 16, within = 30, ...options }: AcmeOptions) {
    const url = URL.parse(directoryUrl);
    if (!url) throw new Fault('configuration', `${directoryUrl} is not the URL of a directory`);
    this.host = url.host;
    this.#clock = options.clock ?? systemClock();
    this.#pauses = new Pauses(this.#clock, options.pauses);
    this.#slots = new Semaphore(atOnce);
    this.#http = new Http({
      ...(tlsRoots !== undefined && { tlsRoots }),
      mostSockets: atOnce,
      within,
      mayUsePlainHttp: isLoopbackHttp(url),
      onExchange: options.onExchange,
    });
    this.#directory = new Lazy(() => this.#readDirectory(directoryUrl));
  }

  /** The directory (7.1.1), read once and again after one of its URLs failed. */
  directory(signal: AbortSignal): Promise<Directory> {
    return this.#directory.get(signal);
  }

  /** POST of an account. */
  ask(account: Account, asked: Asked, payload: unknown, signal: AbortSignal): Promise<AcmeResponse> {
    return this.post(asked, signerOf(account, asked.url, payload), signal);
  }

  /** POST-as-GET (6.3); plain GET where the server does not take that, as servers of earlier drafts. */
  async read(
    account: Account,
    asked: Asked,
    signal: AbortSignal,
    wanted: Wanted = { mostBytes: MOST_JSON },
  ): Promise<AcmeResponse> {
    try {
      return await this.post(asked, signerOf(account, asked.url, undefined), signal, wanted);
    } catch (error) {
      if (![405, 501].includes(errorStatusOf(error) ?? 0)) throw error;
      return this.get(asked, signal, wanted).catch((other: unknown) => {
        throw signal.aborted ? other : error;
      });
    }
  }

  /** GET without a signature, as for renewal information (RFC 9773 4.1). Throws for an error's status. */
  async get(
    { endpoint, url }: Asked,
    signal: AbortSignal,
    wanted: Wanted = { mostBytes: MOST_JSON },
  ): Promise<AcmeResponse> {
    const exchange = { endpoint, method: 'GET', url, ...wanted } as const;
    const answer = await this.#slots.run(() => this.#send(exchange, signal), signal);
    if (answer.status >= 400) throw await this.#refusal(endpoint, answer);
    return answer;
  }

  /** Sends a signed request; again at once, with the nonce of the refusal, when its nonce was refused (6.5). */
  post(
    { endpoint, url }: Asked,
    sign: Signer,
    signal: AbortSignal,
    wanted: Wanted = { mostBytes: MOST_JSON },
  ): Promise<AcmeResponse> {
    return this.#slots.run(async () => {
      await this.#pauses.check(endpoint, this.host);
      let given: string | undefined;
      for (let tries = 1; ; tries += 1) {
        const nonce = given ?? this.#nonces.take() ?? (await this.#newNonce(signal));
        const body = JSON.stringify(sign(nonce));
        const answer = await this.#exchange({ endpoint, method: 'POST', url, body, ...wanted }, signal);
        given = readNonce(answer.headers['replay-nonce']);
        const fault = answer.status >= 400 ? await this.#refusal(endpoint, answer) : undefined;
        if (fault && isNonceRefused(fault) && tries < MOST_NONCE_TRIES) continue;
        this.#nonces.put(given);
        if (fault) throw fault;
        return answer;
      }
    }, signal);
  }

  async #newNonce(signal: AbortSignal): Promise<string> {
    const { newNonce: url } = await this.directory(signal);
    // The directory's own answer may have had one.
    const early = this.#nonces.take();
    if (early !== undefined) return early;
    const asked = { endpoint: 'new-nonce', url } as const;
    let answer = await this.#send({ ...asked, method: 'HEAD', mostBytes: 0 }, signal);
    // By GET where the server, or somebody before it, does nothing about HEAD (7.2).
    const isAsked = answer.retryAfter !== undefined || TOO_BUSY.includes(answer.status);
    if (!readNonce(answer.headers['replay-nonce']) && !isAsked)
      answer = await this.#send({ ...asked, method: 'GET', mostBytes: MOST_JSON }, signal);
    const nonce = this.#nonces.take();
    if (nonce !== undefined) return nonce;
    this.#directory.forget();
    await this.#notePause('new-nonce', answer);
    // No refusal: its 404 would say that the order is gone for which the nonce was wanted.
    const why = `${this.host} gives no nonces (RFC 8555 7.2), it answered HTTP ${answer.status}`;
    throw new Fault('ca_wrong_answer', why, { retryAfter: answer.retryAfter });
  }

  async #readDirectory(url: string): Promise<Directory> {
    // Its time limit alone ends it: many callers may wait for it.
    const { signal } = new AbortController();
    const answer = await this.#send(
      { endpoint: 'directory', method: 'GET', url, mostBytes: MOST_JSON },
      signal,
    );
    await this.#notePause('directory', answer);
    const { retryAfter } = answer;
    if (answer.status >= 400) {
      const why = `${this.host} answered HTTP ${answer.status} instead of a directory`;
      throw new Fault('ca_wrong_answer', why, { retryAfter });
    }
    return parseDirectory(jsonOf(answer), url);
  }

  /** An exchange of which the nonce is kept, whatever came of it otherwise. */
  async #send(exchange: Exchange & Pick<Asked, 'endpoint'>, signal: AbortSignal): Promise<AcmeResponse> {
    await this.#pauses.check(exchange.endpoint, this.host);
    const answer = await this.#exchange(exchange, signal);
    this.#nonces.put(answer.headers['replay-nonce']);
    return answer;
  }

  async #exchange(exchange: Exchange, signal: AbortSignal): Promise<AcmeResponse> {
    const answer = await this.#http.send(exchange, signal);
    return { ...answer, retryAfter: retryAfterOf(answer.headers, this.#clock.now()) };
  }

  /** The Fault of an answer with an error's status; what it asks for is taken note of. */
  async #refusal(endpoint: Endpoint, answer: AcmeResponse): Promise<WrongAnswer> {
    const fault = toRefusal(answer);
    const problem = problemOf(fault);
    // A limit is about what was asked for, not about whoever else asks.
    const isLimit = problem && isProblem(problem, 'rateLimited') && answer.status < 500;
    if (!isLimit) await this.#notePause(endpoint, answer);
    return fault;
  }

  async #notePause(endpoint: Endpoint, { status, retryAfter }: AcmeResponse): Promise<void> {
    const isBusy = status >= 500 || status === 429 || (status >= 400 && ASKED_BY_ALL.includes(endpoint));
    if (retryAfter !== undefined && isBusy) await this.#pauses.note(endpoint, retryAfter);
  }

  /** What a request to a URL of the directory gave. One that does not work may have moved: the directory is read again next time. */
  async orForget<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const status = problemOf(error)?.status;
      if (status === undefined || GONE.includes(status)) this.#directory.forget();
      throw error;
    }
  }

  /** The URL of what an answer made. */
  location({ headers, url }: AcmeResponse): string {
    const location = serverUrl(headers.location ?? '', url);
    if (location !== undefined) return location;
    throw new Fault('ca_wrong_answer', `${this.host} answered without the URL of what it made (Location)`);
  }
}

/** HTTP statuses by which a server says that it cannot be asked now, and those of what is not there. */
const TOO_BUSY: readonly number[] = [429, 503];
const GONE: readonly number[] = [404, 405, 410];

/** What is asked for nobody in particular: a refusal of these is never about what was asked for. */
const ASKED_BY_ALL: readonly Endpoint[] = ['directory', 'new-nonce'];

const signerOf =
  (account: Account, url: string, payload: unknown): Signer =>
  (nonce) =>
    signRequest(account.key, { account: account.url, nonce, url }, payload);

/** Whether it is the nonce that was refused: some say so in words alone. */
function isNonceRefused(fault: WrongAnswer): boolean {
  const problem = problemOf(fault);
  if (!problem) return false;
  return isProblem(problem, 'badNonce') || (problemName(problem) === '' && /\bnonce\b/i.test(problem.detail));
}
