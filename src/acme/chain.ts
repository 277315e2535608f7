import { X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Fault } from '../kit/fault.ts';

/** Most certificates in a chain. */
const MOST_CERTIFICATES = 10;

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates in a text of PEM blocks and words between them; none when one of them cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] {
  try {
    return (pem.match(BLOCK) ?? []).map(parsed);
  } catch {
    return [];
  }
}

/** Certificates that were read: a chain is read when it comes and when it is checked, and intermediates come with each. */
const READ = new LRUCache<string, X509Certificate>({ max: 200 });

function parsed(block: string): X509Certificate {
  const certificate = READ.get(block) ?? new X509Certificate(block);
  READ.set(block, certificate);
  return certificate;
}

/**
 * The certificates of an `application/pem-certificate-chain` (RFC 8555 9.1), leaf first. Throws
 * `ca_wrong_answer` for anything besides 1 to 10 certificates.
 */
export function parseChain(pem: string): X509Certificate[] {
  const isPure = pem.replace(BLOCK, '').trim() === '';
  const certificates = isPure ? certificatesIn(pem) : [];
  if (certificates.length > 0 && certificates.length <= MOST_CERTIFICATES) return certificates;
  const wanted = `1 to ${MOST_CERTIFICATES} certificates in PEM, and nothing besides`;
  throw new Fault('ca_wrong_answer', `the CA's certificate chain is not ${wanted} (RFC 8555 9.1)`);
}
