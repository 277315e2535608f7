import type { KeyObject, X509Certificate } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { Account } from './account.ts';
import type { Authorization, Directory, Order, RenewalInfo, RevocationReason } from './acme.ts';
import { downloadChain } from './chain-choice.ts';
import { DeadlockGuard } from './deadlock-guard.ts';
import type { AcmeResponse } from './http.ts';
import { bindAccount, jwkOf, signRequest } from './jws.ts';
import { parseAuthorization, parseOrder, parseRenewalInfo } from './parse.ts';
import { errorStatusOf } from './problem.ts';
import { renewalIdOf } from './renewal-id.ts';
import { jsonOf } from './response.ts';
import { type AcmeOptions, Session } from './session.ts';

/** What a new account is asked for with (7.3). */
export interface AccountAsk {
  /** `mailto:` URLs. */
  readonly contact: readonly string[];
  /** Whether the owner of the account agreed to the terms of service that the directory names. */
  readonly hasAgreedToTerms: boolean;
  /** External account binding: key id, and MAC key in base64url. */
  readonly eab?: { readonly kid: string; readonly hmacKey: string };
}

/** What an order asks for. */
export interface NewOrder {
  readonly names: readonly string[];
  /** End of validity (7.4). */
  readonly notAfter?: Date;
  /** The certificate that this one comes in place of (RFC 9773 5). */
  readonly replaces?: X509Certificate;
  /** One of the directory's `meta.profiles` (draft-aaron-acme-profiles). */
  readonly profile?: string;
}

/**
 * One server of RFC 8555. Every call is one step of the protocol and throws `ca_unreachable` (no answer),
 * `ca_refused` (a problem document, see `problemOf`) or `ca_wrong_answer` (an answer outside the RFC).
 */
export class AcmeClient {
  readonly #session: Session;
  readonly #apart: DeadlockGuard | undefined;

  /** Throws `configuration` when the directory's URL or the TLS roots cannot be used. */
  constructor(options: AcmeOptions) {
    this.#session = new Session(options);
    this.#apart = options.ordersApart ? new DeadlockGuard() : undefined;
  }

  /** The directory (7.1.1), read once and again after one of its URLs failed. */
  directory(signal: AbortSignal): Promise<Directory> {
    return this.#session.directory(signal);
  }

  /**
   * URL of the account of `key`, new or as it was (7.3). Throws `configuration` when the server has terms of
   * service that were not agreed to, or demands an external account binding and there is none.
   */
  async newAccount(key: KeyObject, ask: AccountAsk, signal: AbortSignal): Promise<string> {
    const { newAccount, meta } = await this.directory(signal);
    this.#checkAsk(ask, meta);
    return this.#account(
      key,
      {
        ...(ask.contact.length > 0 && { contact: ask.contact }),
        ...(ask.hasAgreedToTerms && { termsOfServiceAgreed: true }),
        ...(ask.eab && { externalAccountBinding: bindAccount(key, ask.eab, newAccount) }),
      },
      signal,
    );
  }

  /** URL of the account that the server has for `key` (7.3.1); undefined where it refuses to know one. */
  async findAccount(key: KeyObject, signal: AbortSignal): Promise<string | undefined> {
    try {
      return await this.#account(key, { onlyReturnExisting: true }, signal);
    } catch (error) {
      const status = errorStatusOf(error) ?? 500;
      if (status >= 500 || status === 429) throw error;
      return undefined;
    }
  }

  async #account(key: KeyObject, payload: object, signal: AbortSignal): Promise<string> {
    const { newAccount: url } = await this.directory(signal);
    const sign = (nonce: string) => signRequest(key, { nonce, url }, payload);
    const asked = { endpoint: 'new-account', url } as const;
    return this.#session.location(await this.#session.orForget(this.#session.post(asked, sign, signal)));
  }

  /** New order (7.4). Throws `configuration` for a profile that the directory does not name. */
  async newOrder(account: Account, ask: NewOrder, signal: AbortSignal): Promise<Order> {
    const { newOrder, meta } = await this.directory(signal);
    this.#checkProfile(ask, meta);
    const payload = {
      identifiers: ask.names.map((value) => ({ type: 'dns', value })),
      ...(ask.notAfter && { notAfter: ask.notAfter.toISOString().replace(/\.\d+/, '') }),
      ...(ask.replaces && { replaces: renewalIdOf(ask.replaces) }),
      ...(ask.profile !== undefined && { profile: ask.profile }),
    };
    const asked = { endpoint: 'new-order', url: newOrder } as const;
    const send = () => this.#session.ask(account, asked, payload, signal);
    const answer = await this.#session.orForget(this.#apart?.run('orders', send) ?? send());
    const url = this.#session.location(answer);
    try {
      return toOrder(answer, url);
    } catch (error) {
      // It was made, whatever the answer looks like.
      if (!(error instanceof Fault)) throw error;
      return this.order(account, url, signal);
    }
  }

  /** The order as it stands. */
  async order(account: Account, url: string, signal: AbortSignal): Promise<Order> {
    return toOrder(await this.#session.read(account, { endpoint: 'order', url }, signal), url);
  }

  /** The authorization as it stands (7.5). */
  async authorization(account: Account, url: string, signal: AbortSignal): Promise<Authorization> {
    const send = () => this.#session.read(account, { endpoint: 'authorization', url }, signal);
    const answer = await (this.#apart?.run('looks', send) ?? send());
    return parseAuthorization(jsonOf(answer), { url, retryAfter: answer.retryAfter });
  }

  /** Gives an authorization up (7.5.2). As it stands then: a server may not know how, and answer as if it was asked. */
  async deactivate(account: Account, url: string, signal: AbortSignal): Promise<Authorization> {
    const asked = { endpoint: 'authorization', url } as const;
    const answer = await this.#session.ask(account, asked, { status: 'deactivated' }, signal);
    return parseAuthorization(jsonOf(answer), { url, retryAfter: answer.retryAfter });
  }

  /**
   * Tells the server that it can validate the challenge (7.5.1). When it wants to be asked what came of it, if it says. Throws
   * `ca_wrong_answer` for words that are not of the server itself.
   */
  async answer(account: Account, url: string, signal: AbortSignal): Promise<Seconds | undefined> {
    const taken = await this.#session.ask(account, { endpoint: 'challenge', url }, {}, signal);
    if (taken.body.length > 0) jsonOf(taken);
    return taken.retryAfter;
  }

  /** Finalizes the order with a certificate request in DER (7.4). */
  async finalize(
    account: Account,
    order: { readonly url: string; readonly finalize?: string | undefined },
    csr: Buffer,
    signal: AbortSignal,
  ): Promise<Order> {
    const url = this.#demand(order.finalize, `the order ${order.url}`, 'finalize');
    const payload = { csr: csr.toString('base64url') };
    const asked = { endpoint: 'finalize', url } as const;
    return toOrder(await this.#session.ask(account, asked, payload, signal), order.url);
  }

  /**
   * The certificates that the server has for an order in PEM (7.4.2), in its own order. Of several chains, the one that ends at
   * `root` (see `downloadChain`); the CA's own choice where none does.
   */
  download(account: Account, url: string, signal: AbortSignal, root?: string): Promise<string> {
    return downloadChain(this.#session, account, { url, root }, signal);
  }

  /** Puts `newKey` in the place of the account's key (7.3.5). The account as it is from then on. */
  async changeKey(account: Account, newKey: KeyObject, signal: AbortSignal): Promise<Account> {
    const url = this.#demand((await this.directory(signal)).keyChange, 'its directory', 'keyChange');
    const change = { account: account.url, oldKey: jwkOf(account.key) };
    const asked = { endpoint: 'key-change', url } as const;
    await this.#session.orForget(
      this.#session.ask(account, asked, signRequest(newKey, { url }, change), signal),
    );
    return { url: account.url, key: newKey };
  }

  /** Revokes a certificate (7.6) as the account that ordered it, or with the certificate's own private key. */
  async revoke(
    by: Account | KeyObject,
    { certificate, reason }: { readonly certificate: X509Certificate; readonly reason?: RevocationReason },
    signal: AbortSignal,
  ): Promise<void> {
    const url = this.#demand((await this.directory(signal)).revokeCert, 'its directory', 'revokeCert');
    const payload = {
      certificate: certificate.raw.toString('base64url'),
      ...(reason !== undefined && { reason }),
    };
    const [key, header] = 'url' in by ? [by.key, { account: by.url }] : [by, {}];
    const sign = (nonce: string) => signRequest(key, { ...header, nonce, url }, payload);
    await this.#session.orForget(this.#session.post({ endpoint: 'revoke-cert', url }, sign, signal));
  }

  /** When the CA wants a certificate to be renewed (RFC 9773 4.2); undefined where it does not say such things. */
  async renewalInfo(certificate: X509Certificate, signal: AbortSignal): Promise<RenewalInfo | undefined> {
    const { renewalInfo } = await this.directory(signal);
    const id = renewalIdOf(certificate);
    if (renewalInfo === undefined || id === undefined) return undefined;
    const url = `${renewalInfo.replace(/\/$/, '')}/${id}`;
    const answer = await this.#session.get({ endpoint: 'renewal-info', url }, signal);
    return parseRenewalInfo(jsonOf(answer), { url, retryAfter: answer.retryAfter });
  }

  /** A URL that not every server has. Throws `ca_wrong_answer` where this one does not. */
  #demand(url: string | undefined, place: string, name: string): string {
    if (url !== undefined) return url;
    throw new Fault('ca_wrong_answer', `${this.#session.host} has no ${name} in ${place}`);
  }

  #checkProfile({ profile }: NewOrder, { profiles = {} }: Directory['meta']): void {
    if (profile === undefined || Object.hasOwn(profiles, profile)) return;
    const known = Object.keys(profiles).join(', ') || 'none';
    throw new Fault('configuration', `${this.#session.host} has no profile '${profile}'; it has: ${known}`);
  }

  #checkAsk({ hasAgreedToTerms, eab }: AccountAsk, meta: Directory['meta']): void {
    if (meta.termsOfService !== undefined && !hasAgreedToTerms) {
      const terms = JSON.stringify(meta.termsOfService);
      throw new Fault(
        'configuration',
        `${this.#session.host} gives an account only to who agreed to its terms: ${terms}`,
      );
    }
    if (meta.externalAccountRequired === true && !eab) {
      throw new Fault(
        'configuration',
        `${this.#session.host} gives an account only with an external account binding`,
      );
    }
  }
}

const toOrder = (answer: AcmeResponse, url: string): Order =>
  parseOrder(jsonOf(answer), { url, retryAfter: answer.retryAfter });
