import { Journal } from '../journal.ts';
import type { Jwk } from './keys.ts';
import type { ProblemDocument } from './problems.ts';

/** RFC 8555 7.1.2. Instants in these records are RFC 3339, as in the journal and on the wire. */
export interface Account {
  readonly id: string;
  readonly jwk: Jwk;
  readonly thumbprint: string;
  readonly status: 'valid' | 'deactivated';
  readonly contact: readonly string[];
  /** The JWS by which it was bound (RFC 8555 7.3.4). */
  readonly binding?: unknown;
}

/** RFC 8555 7.1.4, with its one challenge; time makes `valid` and `pending` end. */
export interface Authorization {
  readonly id: string;
  readonly accountId: string;
  /** Without the wildcard label. */
  readonly name: string;
  readonly isWildcard: boolean;
  readonly status: 'pending' | 'valid' | 'invalid' | 'deactivated';
  readonly expires: string;
  readonly challenge: Challenge;
}

/** RFC 8555 7.1.5: one token whatever the type; the client says by which it shows control. */
export interface Challenge {
  readonly token: string;
  /** The type that the client called; dns-01 unless told, and until then. */
  readonly type?: ChallengeType;
  readonly status: 'pending' | 'processing' | 'valid' | 'invalid';
  readonly validated?: string;
  readonly error?: ProblemDocument;
  /** Of `x-email-01`, once the CA was told: addresses to which it sends mail. */
  readonly emails?: readonly string[];
}

/** `x-email-01` is of this simulator alone: ACME has no challenge for mail. */
export type ChallengeType = 'dns-01' | 'http-01' | 'x-email-01';

/** What stands in one mail, and what became of it. Its secrets are known by their hashes alone. */
export interface MailLink {
  /** SHA-256 of the link's token, in base64url. */
  readonly id: string;
  readonly authorizationId: string;
  readonly address: string;
  /** SHA-256 of token and code, in base64url. */
  readonly code: string;
  /** `replaced`: a newer mail went to that address. `spent`: too many wrong codes. */
  readonly state: 'open' | 'used' | 'replaced' | 'spent';
  readonly wrongCodes: number;
  /** Whether a mail server took the mail, or refused it for good. */
  readonly delivery: 'unsent' | 'sent' | 'refused';
}

/** RFC 8555 7.1.3; `open` is pending, ready or invalid, as its authorizations and the time have it. */
export interface Order {
  readonly id: string;
  readonly accountId: string;
  /** With wildcards, in the order in which they were asked for. */
  readonly names: readonly string[];
  readonly authorizationIds: readonly string[];
  readonly status: 'open' | 'processing' | 'valid' | 'invalid';
  readonly expires: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly profile?: string;
  /** DER of the certificate request in base64url, from finalize on. */
  readonly csr?: string;
  /** Serial of its certificate. */
  readonly serial?: string;
  readonly error?: ProblemDocument;
}

/** A certificate that was issued. */
export interface IssuedCertificate {
  /** Lower-case hexadecimal. */
  readonly serial: string;
  readonly accountId: string;
  readonly hosts: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  /** PEM of the leaf and its issuer. */
  readonly chain: string;
  /** When and why it was revoked; the reason is a code of RFC 5280 5.3.1. */
  readonly revoked?: { readonly on: string; readonly reason: number };
  /** Id of the order that replaces it (RFC 9773 5). */
  readonly replacedBy?: string;
}

/** What one step changes: all of it is kept, or nothing. */
export interface Change {
  readonly account?: Account;
  readonly authorizations?: readonly Authorization[];
  readonly order?: Order;
  readonly certificate?: IssuedCertificate;
  readonly mailLinks?: readonly MailLink[];
  /** Id of what is known no longer, of whatever kind. */
  readonly forgotten?: string;
}

/** Everything that a CA knows, in memory, and in the journal before anybody is told. */
export class Ledger {
  readonly accounts = new Map<string, Account>();
  readonly authorizations = new Map<string, Authorization>();
  readonly orders = new Map<string, Order>();
  readonly certificates = new Map<string, IssuedCertificate>();
  readonly mailLinks = new Map<string, MailLink>();
  readonly #linksOfAuthorization = new Map<string, Set<string>>();
  readonly #accountOfKey = new Map<string, string>();
  readonly #ordersOfAccount = new Map<string, string[]>();
  readonly #provenOf = new Map<string, string>();
  readonly #journal: Journal<Change>;

  /** Reads the journal at `path`; there may be none yet. */
  constructor(path: string) {
    this.#journal = new Journal<Change>(path, (change) => this.#apply(change));
  }

  /** Keeps a change. */
  record(change: Change): void {
    this.#journal.append(change);
    this.#apply(change);
  }

  /** The account whose key has this thumbprint. */
  accountOfKey(thumbprint: string): Account | undefined {
    return this.accounts.get(this.#accountOfKey.get(thumbprint) ?? '');
  }

  /** Ids of the account's orders, oldest first. */
  ordersOf(accountId: string): readonly string[] {
    return this.#ordersOfAccount.get(accountId) ?? [];
  }

  /** The authorization by which the account last showed control of `name` (with its wildcard). */
  provenOf(accountId: string, name: string): Authorization | undefined {
    return this.authorizations.get(this.#provenOf.get(`${accountId} ${name}`) ?? '');
  }

  /** What stands in the mails that were sent for an authorization, oldest first. */
  mailLinksOf(authorizationId: string): MailLink[] {
    const ids = this.#linksOfAuthorization.get(authorizationId) ?? [];
    return [...ids].flatMap((id) => this.mailLinks.get(id) ?? []);
  }

  close(): void {
    this.#journal.close();
  }

  #apply({ account, authorizations = [], order, certificate, mailLinks = [], forgotten }: Change): void {
    if (account) this.#applyAccount(account);
    for (const authorization of authorizations) this.#applyAuthorization(authorization);
    if (order) this.#applyOrder(order);
    if (certificate) this.certificates.set(certificate.serial, certificate);
    for (const link of mailLinks) this.#applyMailLink(link);
    if (forgotten !== undefined) this.#forget(forgotten);
  }

  #forget(id: string): void {
    for (const known of [this.accounts, this.authorizations, this.orders, this.certificates])
      known.delete(id);
    for (const orders of this.#ordersOfAccount.values())
      if (orders.includes(id)) orders.splice(orders.indexOf(id), 1);
  }

  #applyAccount(account: Account): void {
    const { thumbprint = account.thumbprint } = this.accounts.get(account.id) ?? {};
    this.#accountOfKey.delete(thumbprint);
    this.accounts.set(account.id, account);
    this.#accountOfKey.set(account.thumbprint, account.id);
  }

  #applyAuthorization(authorization: Authorization): void {
    this.authorizations.set(authorization.id, authorization);
    const { accountId, status } = authorization;
    if (status === 'valid') this.#provenOf.set(`${accountId} ${nameOf(authorization)}`, authorization.id);
  }

  #applyMailLink(link: MailLink): void {
    const links = this.#linksOfAuthorization.get(link.authorizationId) ?? new Set();
    this.#linksOfAuthorization.set(link.authorizationId, links.add(link.id));
    this.mailLinks.set(link.id, link);
  }

  #applyOrder(order: Order): void {
    if (!this.orders.has(order.id)) {
      const orders = this.#ordersOfAccount.get(order.accountId) ?? [];
      orders.push(order.id);
      this.#ordersOfAccount.set(order.accountId, orders);
    }
    this.orders.set(order.id, order);
  }
}

/** The name that an authorization is for, with its wildcard. */
const nameOf = ({ name, isWildcard }: Pick<Authorization, 'name' | 'isWildcard'>): string =>
  isWildcard ? `*.${name}` : name;
