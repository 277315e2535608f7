/**
 * Who issues. Terms, beyond RFC 8555's (order, authorization, challenge, finalize):
 * - row: one configured CA under one of the three wire names.
 * The front file: what a job sees of a CA. `registry.ts` builds them from rows; `src/acme/` speaks to them.
 */
import type { Seconds } from '../kit/time.ts';
import type { Algorithm, CertificateAuthority, ValidityDays } from '../pack/pack.ts';
import type { ShownBy, ValidationMethod } from '../pack/validation-method.ts';

/** A configured CA. */
export interface CaRow {
  readonly name: CertificateAuthority;
  readonly directoryUrl: string;
  /** Directory for RSA certificates where the CA has another one for them (SSL.com). */
  readonly rsaDirectoryUrl?: string;
  /** `mailto:` addresses for the account (RFC 8555 7.1.2). */
  readonly contact: readonly string[];
  /** External account binding (RFC 8555 7.3.4): key id, and MAC key in base64url. */
  readonly eab?: { readonly kid: string; readonly hmacKey: string };
  /** Whether the operator agreed to the CA's terms of service; an account is made only then. */
  readonly hasAgreedToTerms: boolean;
  readonly validityDays: readonly ValidityDays[];
  /** Whether `notAfter` is sent with an order; a CA with one fixed validity refuses it (Let's Encrypt). */
  readonly sendsNotAfter: boolean;
  readonly allowsWildcard: boolean;
  readonly allowsIdn: boolean;
  /** Whether it validates by mail, with the challenge `x-email-01`. */
  readonly validatesByEmail?: boolean;
  /** Whether a valid authorization serves the next order: then RSA needs no records of its own. */
  readonly reusesAuthorizations: boolean;
  /** Whether new orders and looks at authorizations are never under way together: Pebble hangs for good otherwise. */
  readonly keepsOrdersApart?: boolean;
  /** Whether each account of ours has an account of its own there; else all have one. */
  readonly hasAccountPerTenant?: boolean;
  /** Whether the CA answers for the names itself: what it holds valid from the start is not looked at by us. */
  readonly presumesControl?: boolean;
  /** Whether browsers trust it, so that the Baseline Requirements' limits hold. */
  readonly isPublic: boolean;
  /** Names by which CAA records call the CA (RFC 8659 4.2); undefined: those of its directory. */
  readonly caaIdentities?: readonly string[];
  /** Limits that the CA publishes, to keep within; undefined: none is known. */
  readonly limits?: CaLimits;
  /** Root at which chains are to end, where the CA offers several (RFC 8555 7.4.2); see `ChainAsk`. */
  readonly preferredRoot?: string;
  /** One of the directory's `meta.profiles`, to order with. */
  readonly profile?: string;
  /** Whether certificate requests have a common name: some CAs refuse those that have names as alternatives alone. */
  readonly hasCommonName?: boolean;
  /** Whether a new account gets an RSA key; else a P-256 key. */
  readonly isRsaAccount?: boolean;
  /** PEM of roots to trust for the directory's own TLS, besides the system's: private and simulated CAs. */
  readonly tlsRoots?: string;
}

/** What a CA takes, of one account. */
export interface CaLimits {
  /** New orders. */
  readonly orders?: Limit;
  /** Certificates for a registered domain and all names below it. */
  readonly domain?: Limit;
  /** Certificates for just the same names. */
  readonly duplicates?: Limit;
  /** Failed validations of a name. */
  readonly failures?: Limit;
}

/** Part of each limit that orders of new packs leave to renewals. */
export const KEPT_FOR_RENEWALS = 1 / 4;

/** So many at once, and as many again in so long, a little at a time. */
export interface Limit {
  readonly most: number;
  readonly within: Seconds;
}

/** An order at a CA, as last seen. Plain data: it is stored, and any process can go on with it. */
export interface CaOrder {
  readonly url: string;
  readonly status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  /** Empty while the CA has not told. */
  readonly finalizeUrl: string;
  readonly expiresAt?: Date;
  readonly certificateUrl?: string;
  readonly authorizations: readonly CaAuthorization[];
  /** URLs of authorizations that could not be read yet. */
  readonly unread?: readonly string[];
  /** Since when the CA has something to do for the order: to validate, or to issue. */
  readonly busySince?: Date;
  /** When the CA wants to be asked again for it; it is not asked before. */
  readonly askAgainAt?: Date;
  /** What the CA says of it is not as it should be: it is asked again for a while before anything is given up. */
  readonly oddity?: CaOddity;
  /** With status `invalid`: not the CA said so, it was given up. Where it was finalized, a certificate may have come of it. */
  readonly isLost?: boolean;
  /** Why the CA refused, for the subscriber; with status `invalid`. */
  readonly problem?: string;
  /** Why the CA may refuse to issue, for the subscriber: what could not be told of CAA records before it was asked. */
  readonly doubts?: readonly string[];
  /** How control is shown. */
  readonly method: ValidationMethod;
  /** Names of the operator's in it, of which control is shown by TXT whatever the method; undefined: none. */
  readonly ownNames?: readonly string[];
  /** Whether the order is at the row's RSA directory. */
  readonly isAtRsaDirectory?: boolean;
  /** Id of the account of ours whose own account at the CA made it; undefined: the one of all. */
  readonly tenant?: string;
}

/** What is odd about an order, one look after the other. */
export interface CaOddity {
  readonly since: Date;
  /** In words for the subscriber. */
  readonly why: string;
}

/** An authorization of an order (RFC 8555 7.1.4), with what shows control of its name. */
export interface CaAuthorization {
  readonly url: string;
  /** Name with its wildcard, as in the order. */
  readonly name: string;
  /** `valid` where control was shown to us too: see `isHeldValid`. */
  readonly status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';
  /** Whether the CA holds it valid already, by what was shown before; our own look is still to come. */
  readonly isHeldValid?: true;
  /** Until when it is as it is. */
  readonly expiresAt?: Date;
  readonly challengeUrl: string;
  /** Whether the CA took our word that it can be validated: it is not told again. */
  readonly isAnswered?: boolean;
  readonly shown: ShownBy;
  /** Why the CA did not find control, for the subscriber. */
  readonly problem?: string;
}

/**
 * One CA. Every call is one step; what it returns is to be stored before the next.
 * Throws `ca_unreachable` (no answer), `ca_refused` (an RFC 7807 problem; words for the subscriber) or
 * `ca_wrong_answer` (an answer outside RFC 8555).
 */
export interface Ca {
  readonly row: CaRow;
  /**
   * Tries each directory of the row: reads it, and asks it for our account, which is made where there is none, and made anew
   * where the CA knows it no longer. Throws also `configuration`.
   */
  prove(signal: AbortSignal): Promise<CaReport[]>;
  /**
   * Whether one of the row's directories knows an account that we keep for it, of a tenant or the one of all; nothing is made.
   * Throws `ca_unreachable` where it cannot be asked.
   */
  isAccountKnown(tenant: string | undefined, signal: AbortSignal): Promise<boolean>;
  /** How CAA records call this CA and our account, for certificates of an algorithm. */
  caaNames(asked: Pick<OrderAsk, 'algorithm' | 'tenant'>, signal: AbortSignal): Promise<CaaNames>;
  /** New order (RFC 8555 7.4) with its authorizations, as far as they can be read. */
  order(ask: OrderAsk, signal: AbortSignal): Promise<CaOrder>;
  /** The order as it stands now; authorizations that were not final are fetched again. */
  look(order: CaOrder, signal: AbortSignal): Promise<CaOrder>;
  /** Tells the CA that every pending authorization can be validated (7.5.1), once each, then looks for some seconds. */
  validate(order: CaOrder, signal: AbortSignal): Promise<CaOrder>;
  /** Finalizes (7.4) with a DER certificate request, unless that was done, and looks for some seconds. */
  finalize(order: CaOrder, csr: Buffer, signal: AbortSignal): Promise<CaOrder>;
  /** The certificates that the CA delivers in PEM, in its own order (7.4.2); see `examine`. */
  download(order: CaOrder, signal: AbortSignal): Promise<string>;
  /** When the CA wants a certificate of ours renewed (RFC 9773 4.2); undefined where it does not say. */
  renewalWindow(
    issued: Pick<RevokeAsk, 'algorithm' | 'chain'>,
    signal: AbortSignal,
  ): Promise<RenewalWindow | undefined>;
  /** Gives an authorization up (7.5.2). Whether it is of no use to anybody from then on. */
  deactivate(which: AuthorizationAt, signal: AbortSignal): Promise<boolean>;
  /** Revokes a certificate by our account (7.6). What was revoked before, has ended or is unknown to the CA is settled. */
  revoke(ask: RevokeAsk, signal: AbortSignal): Promise<Revoked>;
}

/** An authorization, at the directory and of the account that it is of. */
export interface AuthorizationAt extends Pick<CaOrder, 'isAtRsaDirectory' | 'tenant'> {
  readonly url: string;
}

/**
 * What came of a revocation: `moot`: there was nothing to revoke, and why, in words. `unknown`: the same by one server of the CA,
 * which may not have heard of the certificate yet.
 */
export type Revoked =
  | { readonly kind: 'revoked' }
  | { readonly kind: 'moot' | 'unknown'; readonly why: string };

/** What a directory of a CA offers us. */
export interface CaReport {
  readonly directoryUrl: string;
  readonly accountUrl: string;
  /** Whether the account was made just now: for the first time, or because the CA no longer knew the one that we had. */
  readonly account: 'known' | 'new' | 'made anew';
  /** URL of its terms of service. */
  readonly terms: string | undefined;
  readonly profiles: readonly string[];
  /** How CAA records are to call it. */
  readonly caaIdentities: readonly string[];
  /** Whether it says when certificates are to be renewed (RFC 9773). */
  readonly hasRenewalInfo: boolean;
  readonly canRevoke: boolean;
  readonly canChangeKey: boolean;
}

/** A certificate to revoke (RFC 8555 7.6). */
export interface RevokeAsk {
  readonly algorithm: Algorithm;
  /** PEM, leaf first. */
  readonly chain: string;
  /** Name of RFC 5280 5.3.1, one of `REVOCATION_REASONS`. */
  readonly reason: string;
  /** Id of the account of ours that ordered it. */
  readonly tenant?: string | undefined;
}

/** When a CA wants a certificate to be renewed; one that is over means at once. */
export interface RenewalWindow {
  readonly start: Date;
  readonly end: Date;
  /** Why, for people. */
  readonly explanationUrl?: string;
  /** When the CA wants to be asked again. */
  readonly retryAfter?: Seconds;
}

/** Names in CAA records. */
export interface CaaNames {
  /** E.g. `letsencrypt.org` (RFC 8659 4.2); none for a CA that does not say how it is called. */
  readonly identities: readonly string[];
  /** URL of our account there (RFC 8657 3). */
  readonly accountUri: string;
}

/** A certificate to order. */
export interface OrderAsk {
  /** Names in A-labels, wildcards with `*.`. */
  readonly names: readonly string[];
  /** Id of the account of ours that orders. */
  readonly tenant?: string;
  readonly algorithm: Algorithm;
  /** How control will be shown. */
  readonly method: ValidationMethod;
  /** See `CaOrder`. */
  readonly ownNames?: readonly string[];
  /** End of validity to ask for; left out for a CA with a fixed one. */
  readonly notAfter?: Date;
  /** PEM of the certificate that this one comes in the place of, to be told to a CA that wants to know (RFC 9773 5). */
  readonly replaces?: string;
  /** Authorizations that were valid a moment ago: a CA that uses them again is not asked for them again. */
  readonly valid?: readonly CaAuthorization[];
}
