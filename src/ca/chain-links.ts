/** What each certificate of a chain tells, for people. */
import type { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../acme/chain.ts';

/** One certificate of a chain. */
export interface ChainLink {
  /** On one line, as `O=Example, CN=Example Root`; here and below. */
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The certificates of a chain in PEM, leaf first; none where one of them cannot be read. */
export const linksIn = (pem: string): ChainLink[] => certificatesIn(pem).map(toLink);

const toLink = (one: X509Certificate): ChainLink => ({
  subject: onOneLine(one.subject),
  issuer: onOneLine(one.issuer),
  serial: one.serialNumber.toLowerCase(),
  fingerprint: one.fingerprint256.replaceAll(':', '').toLowerCase(),
  notBefore: one.validFromDate,
  notAfter: one.validToDate,
});

/** A certificate whose names are alternatives alone has no subject. */
const onOneLine = (name: string | undefined): string => (name ?? '').split('\n').join(', ');
