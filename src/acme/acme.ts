/**
 * A client of RFC 8555 (ACME), a library in itself: it imports nothing but `src/kit/`. Every step is a call of
 * its own and every result plain data, so that a caller can store it and another process can go on.
 * The front file: the objects of the protocol in the RFC's names, camel-cased.
 */

/** RFC 8555 7.1.1. URLs that this client uses. */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly revokeCert?: string;
  readonly keyChange?: string;
  /** RFC 9773 4.1. */
  readonly renewalInfo?: string;
  readonly meta: {
    readonly termsOfService?: string;
    readonly externalAccountRequired?: boolean;
    readonly caaIdentities?: readonly string[];
    /** Names of profiles with what they are for (draft-aaron-acme-profiles). */
    readonly profiles?: Readonly<Record<string, string>>;
  };
}

/** RFC 8555 9.7.7. */
export interface Identifier {
  /** `dns` alone is of use here. */
  readonly type: string;
  /** In A-labels and lower case, without the root's dot. */
  readonly value: string;
}

/** RFC 8555 7.1.3. What a server leaves out of an order that it showed before is as it was. */
export interface Order {
  readonly url: string;
  /** `unknown`: the server says something that RFC 8555 does not know, or nothing. */
  readonly status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid' | 'unknown';
  readonly expires?: Date;
  readonly identifiers: readonly Identifier[];
  readonly notAfter?: Date;
  readonly authorizations: readonly string[];
  readonly finalize?: string;
  readonly certificate?: string;
  readonly error?: Problem;
  /** When the server wants to be asked again (Retry-After), in seconds from its answer. */
  readonly retryAfter?: number;
}

/** RFC 8555 7.1.4. */
export interface Authorization {
  readonly url: string;
  /** Without the wildcard label. */
  readonly identifier: Identifier;
  /** What a server says beside these is `pending`. */
  readonly status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';
  readonly expires?: Date;
  readonly isWildcard: boolean;
  /** Those of types that this client knows. */
  readonly challenges: readonly Challenge[];
  readonly retryAfter?: number;
}

/** RFC 8555 8. */
export interface Challenge {
  readonly type: string;
  readonly url: string;
  readonly status: 'pending' | 'processing' | 'valid' | 'invalid';
  /** Empty where the server gave none that is base64url (8.3). */
  readonly token: string;
  /** Of `x-email-01`, which is no standard: addresses to which the server sends its mails. */
  readonly emails?: readonly string[];
  readonly error?: Problem;
}

/** RFC 7807 with the subproblems of RFC 8555 6.7.1, those of all levels in one list. */
export interface Problem {
  /** E.g. `urn:ietf:params:acme:error:badNonce`. */
  readonly type: string;
  readonly detail: string;
  /** HTTP status. */
  readonly status?: number;
  readonly identifier?: Identifier;
  /** A page about it, for people (RFC 8555 7.3.3). */
  readonly instance?: string;
  readonly subproblems: readonly Problem[];
  /** When the server wants to be asked again (Retry-After), in seconds from its answer. */
  readonly retryAfter?: number;
}

/** RFC 9773 4.2. */
export interface RenewalInfo {
  /** The best time to renew lies in it, chosen at random; one that is over means at once. */
  readonly suggestedWindow: { readonly start: Date; readonly end: Date };
  /** Why, for people. */
  readonly explanationUrl?: string;
  /** When the server wants to be asked again (Retry-After), in seconds from its answer. */
  readonly retryAfter?: number;
}

/** Codes of RFC 5280 5.3.1 that a subscriber may give (BR 7.2.2). */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;
/** One of these codes. */
export type RevocationReason = (typeof REVOCATION_REASONS)[keyof typeof REVOCATION_REASONS];
