/** What the API answers of custom certificates, as far as it is shown. */
import type { CustomStatus, UploadType } from '../../pack/custom-certificate.ts';
import type { BundleMethod, Environment } from '../../pack/pack.ts';

export interface CustomCertificate {
  readonly id: string;
  readonly hosts: readonly string[];
  readonly issuer: string;
  readonly status: CustomStatus;
  readonly type: UploadType;
  readonly bundle_method: BundleMethod;
  readonly deploy: Environment;
  readonly priority: number;
  readonly uploaded_on: string;
  readonly expires_on: string;
  readonly certificate_pack_id: string;
  readonly geo_restrictions?: { readonly label: string };
  readonly policy_restrictions?: string;
}

/** A certificate whose key its owner keeps; its id is that of its pack. */
export interface KeylessCertificate {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly status: 'active' | 'deleted';
  readonly created_on: string;
  readonly modified_on: string;
}
