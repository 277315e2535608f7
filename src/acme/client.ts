import type { KeyObject } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { Account } from './account.ts';
import type { Authorization, Challenge, Directory, Order } from './acme.ts';
import { demandType, jsonOf, toRefusal } from './answer.ts';
import { parseChain } from './chain.ts';
import { isLoopbackHttp, isServerUrl } from './fields.ts';
import { type Answer, type Exchange, Http } from './http.ts';
import { bindAccount, type Jws, signRequest } from './jws.ts';
import { NoncePool } from './nonce.ts';
import { Once } from './once.ts';
import { parseAuthorization, parseChallenge, parseDirectory, parseOrder } from './parse.ts';
import { isProblem, problemOf } from './problem.ts';
import { retryAfterOf } from './retry-after.ts';
import { Slots } from './slots.ts';

const MOST_JSON = 256 * 1_024;
const MOST_CHAIN = 512 * 1_024;

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
}

/** What a new account is asked for with (7.3). */
export interface AccountAsk {
  /** `mailto:` URLs. */
  readonly contact: readonly string[];
  /** Whether the owner of the account agreed to the terms of service that the directory names. */
  readonly hasAgreedToTerms: boolean;
  /** External account binding: key id, and MAC key in base64url. */
  readonly eab?: { readonly kid: string; readonly hmacKey: string };
}

/**
 * One server of RFC 8555. Every call is one step of the protocol and throws `ca_unreachable` (no answer),
 * `ca_refused` (a problem document, see `problemOf`) or `ca_wrong_answer` (an answer outside the RFC).
 */
export class AcmeClient {
  readonly #http: Http;
  readonly #nonces = new NoncePool();
  readonly #slots: Slots;
  readonly #directory: Once<Directory>;
  readonly #host: string;

  /** Throws `configuration` when the directory's URL or the TLS roots cannot be used. */
  constructor({ directoryUrl, tlsRoots, atOnce = 16, within = 30 }: AcmeOptions) {
    const url = URL.parse(directoryUrl);
    if (!url) throw new Fault('configuration', `${directoryUrl} is not the URL of a directory`);
    this.#host = url.host;
    this.#slots = new Slots(atOnce);
    this.#http = new Http({
      ...(tlsRoots !== undefined && { tlsRoots }),
      mostSockets: atOnce,
      within,
      mayUsePlainHttp: isLoopbackHttp(url),
    });
    this.#directory = new Once(() => this.#readDirectory(directoryUrl));
  }

  /** The directory (7.1.1), read once and again after one of its URLs failed. */
  directory(signal: AbortSignal): Promise<Directory> {
    return this.#directory.get(signal);
  }

  /**
   * URL of the account of `key`, new or as it was (7.3). Throws `configuration` when the server has terms of
   * service that were not agreed to, or demands an external account binding and there is none.
   */
  async newAccount(key: KeyObject, ask: AccountAsk, signal: AbortSignal): Promise<string> {
    const { newAccount, meta } = await this.directory(signal);
    this.#checkAsk(ask, meta);
    const payload = {
      ...(ask.contact.length > 0 && { contact: ask.contact }),
      ...(ask.hasAgreedToTerms && { termsOfServiceAgreed: true }),
      ...(ask.eab && { externalAccountBinding: bindAccount(key, ask.eab, newAccount) }),
    };
    const sign = (nonce: string) => signRequest(key, { nonce, url: newAccount }, payload);
    return this.#location(await this.#orForget(this.#post(newAccount, sign, signal)));
  }

  /** New order (7.4). `notAfter` is the end of validity to ask for. */
  async newOrder(
    account: Account,
    ask: { readonly names: readonly string[]; readonly notAfter?: Date },
    signal: AbortSignal,
  ): Promise<Order> {
    const { newOrder } = await this.directory(signal);
    const payload = {
      identifiers: ask.names.map((value) => ({ type: 'dns', value })),
      ...(ask.notAfter && { notAfter: ask.notAfter.toISOString().replace(/\.\d+/, '') }),
    };
    const answer = await this.#orForget(this.#ask(account, newOrder, payload, signal));
    return toOrder(answer, this.#location(answer));
  }

  /** The order as it stands. */
  async order(account: Account, url: string, signal: AbortSignal): Promise<Order> {
    return toOrder(await this.#ask(account, url, undefined, signal), url);
  }

  /** The authorization as it stands (7.5). */
  async authorization(account: Account, url: string, signal: AbortSignal): Promise<Authorization> {
    const answer = await this.#ask(account, url, undefined, signal);
    return parseAuthorization(jsonOf(answer), { url, retryAfter: retryAfterOf(answer.headers) });
  }

  /** Tells the server that it can validate the challenge (7.5.1). */
  async answer(account: Account, challengeUrl: string, signal: AbortSignal): Promise<Challenge> {
    return parseChallenge(jsonOf(await this.#ask(account, challengeUrl, {}, signal)), challengeUrl);
  }

  /** Finalizes the order with a certificate request in DER (7.4). */
  async finalize(
    account: Account,
    order: { readonly url: string; readonly finalize: string },
    csr: Buffer,
    signal: AbortSignal,
  ): Promise<Order> {
    const payload = { csr: csr.toString('base64url') };
    return toOrder(await this.#ask(account, order.finalize, payload, signal), order.url);
  }

  /** The certificate chain in PEM, leaf first, one certificate after the other (7.4.2). */
  async download(account: Account, url: string, signal: AbortSignal): Promise<string> {
    const sign = (nonce: string) => signRequest(account.key, { account: account.url, nonce, url }, undefined);
    const chain = { accept: 'application/pem-certificate-chain', mostBytes: MOST_CHAIN };
    const answer = await this.#post(url, sign, signal, chain);
    demandType(answer, /^application\/pem-certificate-chain$/);
    return parseChain(answer.body.toString('latin1')).map(String).join('');
  }

  #checkAsk({ hasAgreedToTerms, eab }: AccountAsk, meta: Directory['meta']): void {
    if (meta.termsOfService !== undefined && !hasAgreedToTerms) {
      const terms = JSON.stringify(meta.termsOfService);
      throw new Fault(
        'configuration',
        `${this.#host} gives an account only to who agreed to its terms: ${terms}`,
      );
    }
    if (meta.externalAccountRequired === true && !eab) {
      throw new Fault(
        'configuration',
        `${this.#host} gives an account only with an external account binding`,
      );
    }
  }

  #ask(account: Account, url: string, payload: unknown, signal: AbortSignal): Promise<Answer> {
    const sign = (nonce: string) => signRequest(account.key, { account: account.url, nonce, url }, payload);
    return this.#post(url, sign, signal);
  }

  /** Sends a signed request; again at once, with the nonce of the refusal, when its nonce was refused (6.5). */
  #post(
    url: string,
    sign: (nonce: string) => Jws,
    signal: AbortSignal,
    wanted: Pick<Exchange, 'accept' | 'mostBytes'> = { mostBytes: MOST_JSON },
  ): Promise<Answer> {
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
    await this.#orForget(this.#send({ method: 'HEAD', url: newNonce, mostBytes: 0 }, signal));
    const nonce = this.#nonces.take();
    if (nonce !== undefined) return nonce;
    throw new Fault('ca_wrong_answer', `${this.#host} gives no nonces (RFC 8555 7.2)`);
  }

  /** An exchange of which the nonce is kept, whatever came of it otherwise. */
  async #send(exchange: Exchange, signal: AbortSignal): Promise<Answer> {
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
        `${this.#host} answered HTTP ${answer.status} instead of a directory`,
      );
    }
    return parseDirectory(jsonOf(answer), this.#host);
  }

  /** A URL of the directory that does not work may have moved: the directory is read again next time. */
  async #orForget<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const status = problemOf(error)?.status;
      if (status === undefined || status === 404) this.#directory.forget();
      throw error;
    }
  }

  #location({ headers, url }: Answer): string {
    const location = headers.location === undefined ? '' : (URL.parse(headers.location, url)?.href ?? '');
    if (isServerUrl(location)) return location;
    throw new Fault('ca_wrong_answer', `${this.#host} answered without the URL of what it made`);
  }
}

const toOrder = (answer: Answer, url: string): Order =>
  parseOrder(jsonOf(answer), { url, retryAfter: retryAfterOf(answer.headers) });
