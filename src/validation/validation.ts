/**
 * How control of a host is shown, and how we look before a CA is asked. Terms:
 * - record: a TXT name and the value a CA will look for (RFC 8555 8.4).
 * - authoritative server: an address that the parent zone names for the zone of the record.
 * - delegated: the customer's CNAME leads the name into our delegation zone.
 * The front file; `txt.ts`, `http.ts` and `caa.ts` look.
 */
import type { Seen } from '../dns/dns.ts';
import type { Situation } from '../pack/found.ts';

/** The outcome of a look at one record at every authoritative server of its zone. */
export interface TxtCheck {
  readonly txtName: string;
  readonly txtValue: string;
  /** Whether every authoritative server answered with the value. */
  readonly isVisible: boolean;
  /** What each server said, for logs and for the subscriber. */
  readonly seen: readonly Seen[];
  /**
   * One sentence for the subscriber when it is not visible: what was seen, by which server, what to do. Also when it is,
   * where a CA may still not get to it: for the time when the CA says so.
   */
  readonly problem?: string;
  /** In which situation the name is that keeps a CA from the record, where it is a known one. */
  readonly situation?: Situation;
  /** Whether a CNAME leads to `delegatedTo`, or into `ledInto`; undefined where that was not asked, or servers do not tell or agree. */
  readonly isLedToUs?: boolean;
}

/** A record to look for. */
export interface Wanted {
  readonly txtName: string;
  readonly txtValue: string;
  /** Where a CNAME at `txtName` is expected to lead (delegated validation); what is said without one names it. */
  readonly delegatedTo?: string;
  /** Zone into which a CNAME is expected to lead, to whatever name. */
  readonly ledInto?: string;
}

/** Looks whether a record can be seen by a CA. Never throws for what DNS answers: that is its result. */
export type PrecheckTxt = (record: Wanted, signal: AbortSignal) => Promise<TxtCheck>;

/** A file that a CA will ask a host for over plain HTTP (RFC 8555 8.3). */
export interface WantedFile {
  /** `http://<host>/.well-known/acme-challenge/<token>`. */
  readonly url: string;
  /** Its whole text: the key authorization. */
  readonly body: string;
}

/** The outcome of a look at one file at every address of its host. */
export interface HttpCheck extends WantedFile {
  /** Whether every address showed the file. */
  readonly isVisible: boolean;
  /** What each address said, redirects and all, for logs. */
  readonly seen: readonly HttpSaid[];
  /** One sentence for the subscriber when it is not visible, and as for `TxtCheck` when it is. */
  readonly problem?: string;
  /** As for `TxtCheck`, of the host. */
  readonly situation?: Situation;
}

/** What one address answered. */
export interface HttpSaid {
  readonly url: string;
  readonly address: string;
  /** `HTTP 404`, or a code of what failed. */
  readonly said: string;
}

/** Looks whether a file can be seen by a CA. Never throws for what servers answer: that is its result. */
export type PrecheckHttp = (file: WantedFile, signal: AbortSignal) => Promise<HttpCheck>;

/** What a CA will be asked for, as far as CAA records speak of it. */
export interface CaaQuestion {
  /** Hosts of a pack, with wildcards; lower-case A-labels. */
  readonly hosts: readonly string[];
  /** Names by which CAA records call the CA, e.g. `letsencrypt.org`; none for a CA that does not look at CAA. */
  readonly identities: readonly string[];
  /** URL of our account at the CA (RFC 8657 3); undefined while there is none: then accounts are not compared. */
  readonly accountUri?: string;
  /** How control will be shown (RFC 8657 4), e.g. `dns-01`. */
  readonly method: string;
}

/** What CAA records say of an order. */
export interface CaaCheck {
  /** For the subscriber, when the CA must refuse: which record forbids it at which name, and what to change. */
  readonly refusal?: string;
  /** The records that a refusal is for, as they would stand in a zone file, and which server answered with them. */
  readonly seen?: readonly {
    readonly server: string;
    readonly owner: string;
    readonly records: readonly string[];
  }[];
  /**
   * For the subscriber: one sentence for hosts whose records could not be told, or differ between servers, so that the CA
   * may refuse. It names the hosts, the servers and what to do.
   */
  readonly doubts: readonly string[];
}

/** Looks whether CAA records let a CA issue (RFC 8659). Never throws for what DNS answers: that is its result. */
export type PrecheckCaa = (question: CaaQuestion, signal: AbortSignal) => Promise<CaaCheck>;

/** To which name servers a parent hands a zone. */
export interface DelegationCheck {
  /** Names as the first server that told has them, sorted; none where nothing is delegated. */
  readonly nameServers: readonly string[];
  /**
   * `exact`: every server that told names exactly the wanted ones. `other`: each names others, or none. `unknown`: none
   * told, or they do not agree.
   */
  readonly outcome: 'exact' | 'other' | 'unknown';
}

/** Looks at the parent's authoritative servers to which name servers `zone` is delegated. Never throws for what DNS answers. */
export type LookAtDelegation = (
  zone: string,
  wanted: readonly string[],
  signal: AbortSignal,
) => Promise<DelegationCheck>;
