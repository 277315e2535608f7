import { days, type Seconds } from '../../kit/time.ts';
import type { CertificateAuthority } from '../../pack/pack.ts';

/** What differs from one CA to another. */
export interface CaTerms {
  readonly name: CertificateAuthority;
  /** In the subject of root and intermediate, and so in the issuer of what it issues. */
  readonly organization: string;
  /** What a CAA record names it by (RFC 8659). */
  readonly caaIdentity: string;
  /** Whether an account needs external account binding (RFC 8555 7.3.4). */
  readonly demandsBinding: boolean;
  /** Whether a valid authorization of the account serves its next order (RFC 8555 7.1.3). */
  readonly reusesAuthorizations: boolean;
  /** Whether authorizations are valid from the start, without a challenge: for names that were proven elsewhere. */
  readonly presumesControl?: boolean;
  /** Whether a certificate request needs a common name. */
  readonly wantsCommonName?: boolean;
  /** How long control may be shown with the tokens of an order. */
  readonly tokenLife: Seconds;
}

/** The three simulated CAs, with the ways of those whose place they take. */
export const CA_TERMS: Readonly<Record<CertificateAuthority, CaTerms>> = {
  lets_encrypt: {
    name: 'lets_encrypt',
    organization: 'LetsEncrypt (simulated)',
    caaIdentity: 'letsencrypt.org',
    demandsBinding: false,
    reusesAuthorizations: true,
    tokenLife: days(7),
  },
  google: {
    name: 'google',
    organization: 'GoogleTrustServices (simulated)',
    caaIdentity: 'pki.goog',
    demandsBinding: true,
    reusesAuthorizations: true,
    tokenLife: days(14),
  },
  ssl_com: {
    name: 'ssl_com',
    organization: 'SSL.com (simulated)',
    caaIdentity: 'ssl.com',
    demandsBinding: true,
    reusesAuthorizations: false,
    tokenLife: days(14),
  },
};
