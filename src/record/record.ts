/**
 * DNS records of zones, as their owners make them: names and values are those of Cloudflare's API (dns_records). The front
 * file: the words of the room. Terms:
 * - content: what a record says, as one text; of CAA and SRV also in parts, `data`.
 * - rdata: the same as our name servers answer it.
 */

/** Types that can be made, in the order of Cloudflare's documentation. */
export const RECORD_TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'SRV', 'TXT'] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

/** Properties that a CA has to keep to (RFC 8659 4). */
export const CAA_TAGS = ['issue', 'issuewild', 'iodef', 'contactemail'] as const;

export interface CaaParts {
  readonly flags: number;
  readonly tag: (typeof CAA_TAGS)[number];
  readonly value: string;
}

export interface SrvParts {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Without final dot; `.` for no service. */
  readonly target: string;
}

/** What a record says. `content` is how it is told; names in it have no final dot. */
export type RecordContent =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'NS' | 'TXT'; readonly content: string }
  | { readonly type: 'MX'; readonly content: string; readonly priority: number }
  | { readonly type: 'CAA'; readonly content: string; readonly data: CaaParts }
  | { readonly type: 'SRV'; readonly content: string; readonly data: SrvParts };

/** What its owner says of a record. */
export type RecordTerms = RecordContent & {
  /** In A-labels, lower case, with the zone's name. */
  readonly name: string;
  /** Seconds; 1: automatic. */
  readonly ttl: number;
  /** Whether the name leads to our edges, and the content is where these lead to. */
  readonly isProxied: boolean;
  readonly comment: string | undefined;
  readonly tags: readonly string[];
};

/** A record that is there. */
export type ZoneRecord = RecordTerms & {
  readonly id: string;
  readonly createdOn: Date;
  readonly modifiedOn: Date;
};

/** Time to live of a record whose own is automatic, in seconds (Cloudflare). */
export const AUTOMATIC_TTL = 300;

/** Most characters of a record's comment. */
export const MOST_COMMENT = 500;

/** What names of tags begin with that are Cloudflare's own: in zone files they say what is no tag. */
export const RESERVED_TAG = 'cf-';

/** Whether records of a type can be proxied. */
export const isProxiable = (type: RecordType): boolean => type === 'A' || type === 'AAAA' || type === 'CNAME';

/** The zone that records are in. */
export interface RecordZone {
  readonly name: string;
}
