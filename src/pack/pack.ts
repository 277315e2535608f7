/**
 * The words of the domain. A certificate pack is an order of certificates for a set of hosts, and what has
 * become of it. Names and values are those of Cloudflare's API (ssl/certificate_packs).
 */

import type { Found } from './found.ts';
import type { Restriction } from './region.ts';
import type { ShownBy, ValidationMethod } from './validation-method.ts';

/** Statuses of Cloudflare's certificate packs, in their order. `LIFECYCLE` says what each means. */
export const PACK_STATUSES = [
  'initializing',
  'pending_validation',
  'deleted',
  'pending_issuance',
  'pending_deployment',
  'pending_deletion',
  'pending_expiration',
  'expired',
  'active',
  'initializing_timed_out',
  'validation_timed_out',
  'issuance_timed_out',
  'deployment_timed_out',
  'deletion_timed_out',
  'pending_cleanup',
  'staging_deployment',
  'staging_active',
  'deactivating',
  'inactive',
  'backup_issued',
  'holding_deployment',
] as const;
export type PackStatus = (typeof PACK_STATUSES)[number];

export const PACK_TYPES = [
  'mh_custom',
  'managed_hostname',
  'sni_custom',
  'universal',
  'advanced',
  'total_tls',
  'keyless',
  'legacy_custom',
] as const;
export type PackType = (typeof PACK_TYPES)[number];

export const CERTIFICATE_AUTHORITIES = ['google', 'lets_encrypt', 'ssl_com'] as const;
export type CertificateAuthority = (typeof CERTIFICATE_AUTHORITIES)[number];

/** Days, as a subscriber may ask for them. */
export const VALIDITY_DAYS = [14, 30, 90, 365] as const;
export type ValidityDays = (typeof VALIDITY_DAYS)[number];

/** The two keys of a pack: P-256 is the primary certificate, RSA-2048 serves clients without ECDSA. */
export const ALGORITHMS = ['ecdsa', 'rsa'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export const KEY_PLACE_NAMES = ['sealed', 'token'] as const;
/** Where a private key is that we serve with: `sealed`, in our store; `token`, in a PKCS#11 token (`src/key/key.ts`). */
export type KeyPlaceName = (typeof KEY_PLACE_NAMES)[number];

export const EDGE_KINDS = ['bundled', 'haproxy', 'nginx', 'nginx_by_name', 'caddy', 'files'] as const;
/** Makes of edges (`src/edge/drivers.ts`). */
export type EdgeKind = (typeof EDGE_KINDS)[number];

/** Which edges a pack goes to: the wire's `deploy`. */
export const ENVIRONMENTS = ['production', 'staging'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export const ZONE_TYPES = ['full', 'partial'] as const;
/** `full`: our DNS responder is authoritative for the zone. `partial`: its DNS is elsewhere. */
export type ZoneType = (typeof ZONE_TYPES)[number];

export const ZONE_STATUSES = ['initializing', 'pending', 'active', 'moved'] as const;
/**
 * `initializing`: made, and not looked at yet. `pending`: its account has not shown control of it. `active`: it has, or is
 * trusted. `moved`: it had, and does not show it any more.
 */
export type ZoneStatus = (typeof ZONE_STATUSES)[number];

/** The part of a zone that a pack needs to know. */
export interface PackZone {
  readonly id: string;
  readonly accountId: string;
  /** A-label form, lower case, without the root's dot. */
  readonly name: string;
  readonly type: ZoneType;
  /** 16 hexadecimal characters, of this account and zone: `dcv_delegation/uuid`. */
  readonly delegationUuid: string;
  readonly status: ZoneStatus;
  /** Whether its owner wants nothing new to be served. */
  readonly isPaused: boolean;
  /** Whether it has its name among all zones that claim it: it was active, and no other came to be since. */
  readonly hasName: boolean;
}

/** What shows control of one host, and whether it did. */
export type ValidationRecord = ShownBy & {
  /** The host as ordered, with its wildcard: apex and wildcard have a record each under the same name. */
  readonly host: string;
  readonly status: 'pending' | 'valid' | 'invalid';
  /** Whether it is of a name of the operator's, which we show control of ourselves: nobody else sees it. */
  readonly isOurs?: true;
};

/** Who sees what an edge shows: the agent beside it, the service by handshakes of its own. */
export const PROVERS = ['agent', 'handshake'] as const;
export type Prover = (typeof PROVERS)[number];

/** An issued certificate of a pack. Its private key is not here: it stays in the store, sealed. */
export interface Certificate {
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly hosts: readonly string[];
  /** Organisation of the issuer's subject as the CA wrote it, e.g. `LetsEncrypt`. */
  readonly issuer: string;
  /** Signature algorithm by which the CA signed, e.g. `ECDSAWithSHA256`. */
  readonly signature: string;
  /** Lower-case hexadecimal SHA-256 of the leaf's DER. */
  readonly fingerprint: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly uploadedOn: Date;
  readonly modifiedOn: Date;
}

export const BUNDLE_METHODS = ['ubiquitous', 'optimal', 'force'] as const;
/** How the chain of an upload is made: for the most clients, as short as can be, or as it was sent (Cloudflare, bundle methodologies). */
export type BundleMethod = (typeof BUNDLE_METHODS)[number];

/** What is known of a certificate that its owner uploaded, beside the certificate. */
export interface UploadFacts {
  /** Of the custom certificate; one that takes the place of another of type `legacy_custom` has its id. */
  readonly id: string;
  /** Shared by all that took each other's place. */
  readonly line: string;
  /** Whether none took its place. */
  readonly isCurrent: boolean;
  readonly bundleMethod: BundleMethod;
  /** Of two of one type that cover a name the one with the higher number serves. */
  readonly priority: number;
  /** Where its key may be; undefined: anywhere. */
  readonly restriction?: Restriction | undefined;
  /** The request of ours whose key it has; undefined: it came with its key. */
  readonly csrId?: string | undefined;
}

export const RUN_KINDS = ['life', 'renewal'] as const;
/** `life`: what a pack itself goes through. `renewal`: new certificates for a pack that is served meanwhile. */
export type RunKind = (typeof RUN_KINDS)[number];

/** One way through the rows of `LIFECYCLE`: where it is, and what came of it so far. `RUNS` says how each kind ends. */
export interface Run {
  readonly kind: RunKind;
  readonly status: PackStatus;
  readonly statusSince: Date;
  /** How often the work of that status was tried without success; back-off counts on it. */
  readonly attempts: number;
  /** Where its certificates come from; undefined: from no CA. */
  readonly certificateAuthority: CertificateAuthority | undefined;
  /** Certificates it has so far. */
  readonly certificates: readonly Certificate[];
  /** Of a pack's own life: as `Pack.driftedOn`. */
  readonly driftedOn?: Date | undefined;
}

/** The certificates that are to come in the place of a pack's present ones. */
export interface Renewal {
  /** When it is to begin. */
  readonly at: Date;
  /** When the CA is asked again when it is to begin (RFC 9773 4.3); absent where it does not say. */
  readonly askAt?: Date | undefined;
  /** How far it is, once it began. */
  readonly run?: Run | undefined;
}

/** What a pack and its backup know of each other. One of the two is for the edges, the other stands by. */
export interface Pairing {
  readonly role: 'ordered' | 'backup';
  /** Id of the other of the two. */
  readonly other: string;
  /** Whether it is kept off the edges, because the other is there or is to be. */
  readonly isStandby: boolean;
  /** When the ordered one was made: both have its place among packs that cover the same hosts. */
  readonly since: Date;
}

/** What finds a pack in the store. */
export type PackKey = Pick<Pack, 'id'> & { readonly zone: Pick<PackZone, 'id'> };

export interface Pack {
  readonly id: string;
  readonly zone: PackZone;
  /** Place in the zone's list: order of creation, from 1, never used again. */
  readonly ord: number;
  readonly type: PackType;
  readonly status: PackStatus;
  /** When the pack entered its status. */
  readonly statusSince: Date;
  /** When an edge showed something else than the pack that it had served; undefined: it is served, or never was. */
  readonly driftedOn?: Date | undefined;
  /** As ordered, in the subscriber's order and spelling. */
  readonly hosts: readonly string[];
  /** Undefined, as the next two, where certificates come from no CA. */
  readonly certificateAuthority: CertificateAuthority | undefined;
  readonly validationMethod: ValidationMethod | undefined;
  /** Whether its TXT records are to be shown by way of a CNAME that leads to us; the service takes either. */
  readonly isDelegated: boolean;
  readonly validityDays: ValidityDays | undefined;
  readonly environment: Environment;
  /** Whether its certificates are to have a branded name (`branding.ts`). */
  readonly isBranded: boolean;
  /** The branded name of the orders that are under way, else of the last ones; undefined: they have none. */
  readonly brandedAs?: string | undefined;
  readonly createdOn: Date;
  readonly modifiedOn: Date;
  readonly validationRecords: readonly ValidationRecord[];
  /** Targets in our delegation zone to which CNAMEs of its hosts lead, by the last look that told. */
  readonly delegations: readonly string[];
  /** Why the pack is not further, in words for the subscriber; `[]` when nothing is wrong. */
  readonly validationErrors: readonly string[];
  /** What the last write found that holds it up, where it told. */
  readonly found?: Found | undefined;
  readonly certificates: readonly Certificate[];
  /** Undefined: it neither has a backup nor is one. */
  readonly pair?: Pairing | undefined;
  /** Undefined: not planned yet. */
  readonly renewal?: Renewal | undefined;
  /** Undefined: its certificates come from a CA. */
  readonly upload?: UploadFacts | undefined;
  /** How often the work of this status was tried without success; back-off counts on it. */
  readonly attempts: number;
  /** Raised by every claim and every change from outside; whoever wrote with an older one lost the pack. */
  readonly claim: number;
}
