/** What the API answers, as far as it is shown. */
import type { CertificateAuthority, PackStatus, PackType, ZoneStatus, ZoneType } from '../../pack/pack.ts';
import type { Permission } from '../../pack/permission.ts';

export interface ApiError {
  readonly code: number;
  readonly message: string;
  readonly documentation_url?: string;
  readonly source?: { readonly pointer: string };
}

export interface Message {
  readonly code: number;
  readonly message: string;
}

/** Of lists with pages, and of those that are walked by cursor. */
export interface Info {
  readonly count: number;
  readonly page?: number;
  readonly total_count?: number;
  readonly total_pages?: number;
  readonly cursor?: string;
  /** Of lists that are walked both ways. */
  readonly cursors?: { readonly before?: string; readonly after?: string };
}

export interface Envelope<T> {
  readonly success: boolean;
  readonly errors: readonly ApiError[];
  readonly messages: readonly Message[];
  readonly result: T;
  readonly result_info?: Info | null;
}

export interface Session {
  /** The service's time. */
  readonly as_of: string;
  readonly expires_on: string;
  readonly account: Named;
  readonly token: Named;
  readonly permissions: Readonly<Partial<Record<Permission, 'all' | readonly string[]>>>;
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Certificate {
  readonly id: string;
  readonly hosts: readonly string[];
  readonly issuer: string;
  readonly signature: string;
  readonly status: string;
  readonly zone_id: string;
  readonly uploaded_on: string;
  readonly expires_on: string;
}

export interface ValidationRecord {
  readonly status: string;
  readonly txt_name?: string;
  readonly txt_value?: string;
  readonly http_url?: string;
  readonly http_body?: string;
  readonly emails?: readonly string[];
}

export interface DelegationRecord {
  readonly cname: string;
  readonly cname_target: string;
}

export interface Pack {
  readonly id: string;
  readonly type: PackType;
  readonly hosts: readonly string[];
  readonly status: PackStatus;
  readonly primary_certificate?: string;
  readonly certificates: readonly Certificate[];
  readonly certificate_authority?: CertificateAuthority;
  readonly validation_method?: string;
  readonly validity_days?: number;
  readonly validation_records: readonly ValidationRecord[];
  readonly validation_errors: readonly { readonly message: string }[];
  readonly dcv_delegation_records: readonly DelegationRecord[];
  readonly cloudflare_branding: boolean;
  readonly backup_pack?: string;
  readonly backup_of?: string;
  readonly created_on: string;
}

/** A pack in the list of an account. */
export interface ListedPack extends Pack {
  readonly zone_id: string;
}

export interface Zone {
  readonly id: string;
  readonly name: string;
  readonly status: ZoneStatus;
  readonly paused: boolean;
  readonly type: ZoneType;
  readonly name_servers: readonly string[];
  readonly original_name_servers: readonly string[] | null;
  readonly verification_key?: string;
  readonly created_on: string;
  readonly modified_on: string;
  readonly activated_on: string | null;
}

export interface DnsRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxied: boolean;
  readonly ttl: number;
  readonly priority?: number;
  readonly comment: string | null;
}

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly issued_on: string;
  readonly last_used_on?: string;
  readonly expires_on?: string;
  readonly policies: readonly {
    readonly permission_groups: readonly Named[];
    readonly resources: Readonly<Record<string, unknown>>;
  }[];
}

export interface Audited {
  readonly id: string;
  readonly action: { readonly description: string; readonly time: string };
  readonly actor: {
    readonly type: string;
    readonly id?: string;
    readonly token_id?: string;
    readonly token_name?: string;
    readonly email?: string;
    readonly ip_address?: string;
  };
  readonly resource: { readonly id: string; readonly type: string; readonly name?: string };
  readonly zone?: { readonly id: string; readonly name?: string };
}
