/** Ways in which a custom hostname comes to certificates, and what is sent of those that are brought. */
import type { CertificateAuthority } from '../../pack/pack.ts';

export type Way = 'txt' | 'http' | 'email' | 'upload' | 'none';

/** What a form says of certificates. */
export interface SslDraft {
  readonly way: Way;
  readonly ca: CertificateAuthority | '';
  readonly wildcard: boolean;
  readonly certificate: string;
  readonly privateKey: string;
}

/** What is brought; without a key where that is kept here, as that of a custom CSR. */
export const broughtOf = ({ certificate, privateKey }: Pick<SslDraft, 'certificate' | 'privateKey'>) => ({
  custom_certificate: certificate,
  ...(privateKey.trim() !== '' && { custom_key: privateKey }),
});
