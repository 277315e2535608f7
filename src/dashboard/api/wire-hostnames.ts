/** What the API answers of custom hostnames and of what belongs to them, as far as it is shown. */
import type { HostnameStatus, OriginStatus } from '../../pack/custom-hostname.ts';
import type { CertificateAuthority, PackStatus } from '../../pack/pack.ts';
import type { DelegationRecord, ValidationRecord } from './wire.ts';

export interface HostnameCertificate {
  readonly id: string;
  readonly issuer: string;
  readonly signature: string;
  readonly uploaded_on: string;
  readonly expires_on: string;
}

export interface HostnameSsl {
  /** Its pack. */
  readonly id: string;
  readonly status: PackStatus;
  /** Undefined: it was brought. */
  readonly method?: string;
  readonly certificate_authority?: CertificateAuthority;
  readonly wildcard: boolean;
  readonly settings: HostnameSettings;
  readonly hosts: readonly string[];
  readonly validation_records: readonly ValidationRecord[];
  readonly validation_errors: readonly { readonly message: string }[];
  readonly dcv_delegation_records: readonly DelegationRecord[];
  readonly certificates: readonly HostnameCertificate[];
  readonly expires_on?: string;
  readonly uploaded_on?: string;
}

export interface CustomHostname {
  readonly id: string;
  readonly hostname: string;
  readonly status: HostnameStatus;
  readonly ssl?: HostnameSsl;
  readonly created_at: string;
  readonly ownership_verification: { readonly name: string; readonly value: string };
  readonly ownership_verification_http: { readonly http_url: string; readonly http_body: string };
  readonly verification_errors: readonly string[];
  readonly custom_metadata?: Readonly<Record<string, string>>;
  readonly custom_origin_server?: string;
  readonly custom_origin_sni?: string;
}

/** Of TLS with clients. */
export interface HostnameSettings {
  readonly http2?: string;
  readonly tls_1_3?: string;
  readonly early_hints?: string;
  readonly min_tls_version?: string;
  readonly ciphers?: readonly string[];
}

export interface FallbackOrigin {
  readonly origin: string;
  readonly status: OriginStatus;
  readonly errors: readonly string[];
  readonly updated_at: string;
}

/** What is read of the quota of custom hostnames. */
export interface HostnameQuota {
  readonly fallback_origin: FallbackOrigin | null;
}

/** Links by which records are created elsewhere, and for what there is none. */
export interface ConnectLinks {
  readonly links: readonly {
    readonly kind: 'prepare' | 'connect';
    readonly name: string;
    readonly provider: string;
    readonly url: string;
    readonly records: readonly { readonly type: string; readonly name: string; readonly value: string }[];
  }[];
  readonly without: readonly {
    readonly name: string;
    readonly why: string;
    readonly control_panel?: string;
  }[];
}

export interface CustomCsr {
  readonly id: string;
  readonly common_name: string;
  readonly sans: readonly string[];
  readonly key_type: string;
  readonly name: string;
  readonly csr: string;
  readonly created_at: string;
}
