/**
 * DNS as this service speaks it: `resolver/` asks other people's servers from the root down, `server/` answers for our own
 * zones, `update/` changes records by RFC 2136, `message/` reads and writes the bytes. The front file: what the rooms
 * above are given.
 */

/** What one authoritative server answered. */
export interface Seen {
  /** Name and address, e.g. `ns1.example.net (192.0.2.1)`. */
  readonly server: string;
  /** Name asked in the end: the record's own or the target of its CNAMEs. */
  readonly name: string;
  readonly answer: 'values' | 'no_record' | 'no_name' | 'refused' | 'failed' | 'unreachable';
  /** TXT values in the answer, cut to 20 of 255 characters each. */
  readonly values: readonly string[];
}

/** A TXT record to publish or to take away again. */
export interface TxtRecord {
  readonly txtName: string;
  readonly txtValue: string;
}

/** Publishes TXT records in somebody's zone. Both may be repeated: what is so already, stays so. */
export interface TxtPublisher {
  /**
   * Adds each value beside those that are at its name. Throws `dns_unreachable`, or `dns_update_refused` in words
   * for the subscriber.
   */
  add(records: readonly TxtRecord[], signal: AbortSignal): Promise<void>;
  /** Takes away these values and no other. Throws as `add`. */
  remove(records: readonly TxtRecord[], signal: AbortSignal): Promise<void>;
}

/** What the responder needs of the service to answer one question; names are lower-case without final dot. */
export interface ResponderSource {
  /** What we know of `name`; undefined where it is in no zone of ours. */
  lookUp(name: string): Promise<OwnName | undefined>;
}

/** A name in a zone of ours. */
export interface OwnName {
  /** The longest zone that is a suffix of the name. */
  readonly zone: string;
  /** The name servers that the zone is delegated to; all of ours unless told. */
  readonly nameServers?: readonly string[] | undefined;
  /** What is published there for validation. */
  readonly txt: readonly string[];
  /** Whether anything is below it (an empty non-terminal). */
  readonly hasBelow: boolean;
  /** Records of the zone's owner there, those of a wildcard that covers the name among them; none unless told. */
  readonly records?: readonly OwnRecord[];
  /** The highest name from below the zone's own down to this one that is handed over to other servers, and to which. */
  readonly cut?: { readonly name: string; readonly records: readonly OwnRecord[] } | undefined;
}

/** A record of a zone's owner. */
export type OwnRecord = OwnData & {
  /** In seconds. */
  readonly ttl: number;
  /** Whether the name is answered with the addresses of our edges. */
  readonly isProxied: boolean;
};

/** What a record says; names have no final dot. */
type OwnData =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'NS'; readonly data: string }
  | { readonly type: 'MX'; readonly data: { readonly preference: number; readonly exchange: string } }
  | { readonly type: 'TXT'; readonly data: Buffer[] }
  | {
      readonly type: 'CAA';
      readonly data: {
        readonly flags: number;
        readonly tag: 'issue' | 'issuewild' | 'iodef' | 'contactemail';
        readonly value: string;
      };
    }
  | {
      readonly type: 'SRV';
      readonly data: {
        readonly priority: number;
        readonly weight: number;
        readonly port: number;
        readonly target: string;
      };
    };
