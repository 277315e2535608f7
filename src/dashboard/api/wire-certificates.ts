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
}
