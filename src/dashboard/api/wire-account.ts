/** What the API answers of a whole account, as far as it is shown. */
import type { BulkAction, BulkStatus } from '../../pack/bulk.ts';
import type { CertificateAuthority, PackStatus } from '../../pack/pack.ts';
import type { PackGroup } from '../../pack/pack-group.ts';
import type { ValidationMethod } from '../../pack/validation-method.ts';
import type { PackEvent } from './wire-pack.ts';

/** What the account has, counted. */
export interface Summary {
  readonly as_of: string;
  readonly total: number;
  readonly statuses: Readonly<Partial<Record<PackStatus, number>>>;
  readonly groups: Readonly<Partial<Record<PackGroup, number>>>;
  readonly renewals: { readonly overdue: number; readonly at_risk: number; readonly is_at_least: boolean };
  readonly expiries: readonly { readonly from: string; readonly to: string; readonly count: number }[];
  readonly certificate_authorities: readonly {
    readonly certificate_authority: CertificateAuthority;
    readonly packs: number;
    readonly soonest_end?: string;
  }[];
  readonly most_at_risk: readonly AtRisk[];
}

export interface AtRisk {
  readonly id: string;
  readonly zone_id: string;
  readonly zone_name: string;
  readonly hosts: readonly string[];
  readonly host_count: number;
  readonly status: PackStatus;
  readonly certificate_authority: CertificateAuthority;
  readonly renewal_on: string;
  readonly expires_on: string;
  readonly life_left: number;
}

/** A CA as it is configured here, and how it does. */
export interface CaState {
  readonly certificate_authority: CertificateAuthority;
  readonly is_configured: boolean;
  readonly offers?: CaOffers;
  readonly packs: number;
  readonly soonest_end?: string;
  readonly health: {
    readonly is_up?: boolean;
    readonly problem?: string;
    readonly last_success?: string;
    readonly last_failure?: string;
  };
  readonly limits: readonly CaLimit[];
}

export interface CaLimit {
  readonly limit: string;
  readonly most: number;
  readonly within_s: number;
  readonly is_shared: boolean;
  readonly remaining?: number;
  readonly is_available: boolean;
  readonly full_on?: string;
  readonly available_on?: string;
}

/** What can be ordered of a CA today. */
export interface CaOffers {
  readonly validity_days: readonly number[];
  readonly validation_methods: readonly ValidationMethod[];
  readonly wildcards: boolean;
  readonly internationalized: boolean;
}

/** What happened last, and what became of the steps of a day. */
export interface Latest {
  readonly steps: {
    readonly since: string;
    readonly events: number;
    readonly done: number;
    readonly failed: number;
  };
  readonly events: readonly LatestEvent[];
}

export interface LatestEvent extends PackEvent {
  readonly zone_id: string;
  readonly certificate_pack_id: string;
  /** Empty: the pack is gone. */
  readonly hosts: readonly string[];
  readonly host_count: number;
}

/** How many packs a request on many would be on. */
export interface DryRun {
  readonly count: number;
  readonly packs: readonly { readonly zone_id: string; readonly id: string }[];
}

/** An operation on many packs. */
export interface BulkJob {
  readonly id: string;
  readonly action: BulkAction;
  readonly reason?: string;
  readonly filter?: Readonly<Record<string, string>>;
  readonly packs_given?: number;
  readonly status: BulkStatus;
  readonly stopped_because?: string;
  readonly matched: number;
  readonly done: number;
  readonly failed: number;
  readonly failures_by_code: Readonly<Record<string, number>>;
  readonly failures?: readonly {
    readonly zone_id: string;
    readonly id: string;
    readonly code: number;
    readonly message: string;
  }[];
  readonly created_on: string;
  readonly finished_on?: string;
}
