import { X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Fault } from '../kit/fault.ts';

/** Most certificates in a chain. */
const MOST_CERTIFICATES = 10;
/** Most that are looked at where they come in any order, and with others. */
const MOST_READ = 50;

const BLOCK = /-----BEGIN (?:X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END (?:X509 )?CERTIFICATE-----/g;

/** The certificates in a text of PEM blocks and words between them; none when one of them cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] {
  const certificates = (pem.match(BLOCK) ?? []).map(parsed);
  return certificates.every((one) => one !== undefined) ? certificates : [];
}

/** Certificates that were read: a chain is read when it comes and when it is checked, and intermediates come with each. */
const READ = new LRUCache<string, X509Certificate>({ max: 200 });

/** Undefined for what is no certificate. */
function parsed(block: string): X509Certificate | undefined {
  try {
    const certificate = READ.get(block) ?? new X509Certificate(block);
    READ.set(block, certificate);
    return certificate;
  } catch {
    return undefined;
  }
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

/**
 * All certificates that a server delivered, each once and in its order: in PEM, with whatever stands between and however lines
 * end, or one in DER. What cannot be read is left out.
 */
export function readDelivered(body: Buffer): X509Certificate[] {
  const text = body.toString('latin1');
  const blocks = [...text.matchAll(BLOCK)].slice(0, MOST_READ).map(([, base64 = '']) => toBlock(base64));
  const isDer = blocks.length === 0 && body[0] === SEQUENCE;
  const all = (isDer ? [toBlock(body.toString('base64'))] : blocks).flatMap((block) => parsed(block) ?? []);
  return all.filter((one, i) => all.findIndex(({ raw }) => raw.equals(one.raw)) === i);
}

/** First byte of a certificate in DER (X.690). */
const SEQUENCE = 0x30;

/** Its base64 in lines of 64 characters, as they are cached. */
const toBlock = (base64: string): string =>
  `-----BEGIN CERTIFICATE-----\n${base64.replace(/\s/g, '').replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----`;

/**
 * The chain of `leaf` out of certificates in any order: each one is signed by the next, as far as there is one that did. What
 * does not belong to it is left out. Of several that fit, the one that comes first.
 */
export function chainFrom(
  leaf: X509Certificate,
  certificates: readonly X509Certificate[],
): [X509Certificate, ...X509Certificate[]] {
  const chain: [X509Certificate, ...X509Certificate[]] = [leaf];
  for (let last = leaf; chain.length < MOST_CERTIFICATES; ) {
    const next = certificates.find((one) => !chain.includes(one) && one.ca && hasSigned(one, last));
    if (!next) break;
    chain.push(next);
    last = next;
  }
  return chain;
}

/** Whether a certificate was signed by the key of another, and says so. */
const hasSigned = (issuer: X509Certificate, certificate: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
