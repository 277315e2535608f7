import type { CertificateAuthority } from '../pack/pack.ts';

/** An account at a directory, to be kept. */
export interface CaAccount {
  /** Undefined until the CA has told: the key is kept before an account is asked for with it. */
  readonly url?: string | undefined;
  /** PKCS#8 PEM. */
  readonly key: string;
}

/** Where accounts are kept, one for each directory; the store seals the keys. */
export interface CaAccounts {
  get(ca: CertificateAuthority, directoryUrl: string): Promise<CaAccount | undefined>;
  /** Keeps a key for an account that is to be made. What is kept: that of another process, where one was first. */
  begin(ca: CertificateAuthority, directoryUrl: string, key: string): Promise<CaAccount>;
  /** Keeps the URL of the account of the key that is kept. */
  settle(ca: CertificateAuthority, directoryUrl: string, account: Required<CaAccount>): Promise<void>;
}
