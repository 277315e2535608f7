import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { parseChain } from '../acme/chain.ts';
import { type DerValue, readAll, TAG } from '../acme/der.ts';
import { Fault } from '../kit/fault.ts';
import type { Certificate } from '../pack/pack.ts';
import { DNS_NAME } from './csr.ts';
import { listHosts } from './messages.ts';

/** What a leaf tells about itself. */
export type Leaf = Omit<Certificate, 'id' | 'uploadedOn' | 'modifiedOn'>;

/** What was ordered. */
export interface LeafAsk {
  /** Private key that signed the certificate request. */
  readonly key: KeyObject;
  /** Names in A-labels, in any order. */
  readonly names: readonly string[];
  /** Whether browsers trust the CA: then an intermediate signs (BR 6.1.7), and comes with the leaf. */
  readonly isPublic?: boolean;
}

/** The leaf of a PEM chain. Throws `ca_wrong_answer` for what is no chain of certificates for host names. */
export const parseLeaf = (chain: string): Leaf => toLeaf(firstOf(parseChain(chain)));

/**
 * The leaf of a PEM chain that a CA delivered, once it is what was ordered: its key, exactly its names, valid
 * at `now`, no CA itself, and every certificate of the chain signed by the next. Else throws `ca_wrong_answer`.
 */
export function checkLeaf(chain: string, { key, names, isPublic = false }: LeafAsk, now: Date): Leaf {
  const certificates = parseChain(chain);
  const certificate = firstOf(certificates);
  if (!hasKey(certificate, key)) throw wrong('has another public key than the request');
  const leaf = toLeaf(certificate);
  if (certificate.ca) throw wrong('is one of a CA');
  if (!isSameSet(leaf.hosts, names)) throw wrong(`is for ${listed(leaf.hosts)} instead of ${listed(names)}`);
  if (now < leaf.notBefore) throw wrong(`is valid only from ${leaf.notBefore.toISOString()}`);
  if (now > leaf.notAfter) throw wrong(`was valid only until ${leaf.notAfter.toISOString()}`);
  if (isPublic && certificates.length < 2) throw wrong('comes without the certificate of its issuer');
  checkLinks(certificates);
  return leaf;
}

function firstOf([leaf]: readonly X509Certificate[]): X509Certificate {
  if (leaf) return leaf;
  throw wrong('is missing');
}

function toLeaf(certificate: X509Certificate): Leaf {
  return {
    algorithm: algorithmOf(certificate),
    hosts: hostsOf(certificate),
    issuer: issuerOf(certificate),
    signature: signatureOf(certificate),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    serial: certificate.serialNumber.toLowerCase(),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
  };
}

function algorithmOf({ publicKey }: X509Certificate): Leaf['algorithm'] {
  if (publicKey.asymmetricKeyType === 'ec') return 'ecdsa';
  if (publicKey.asymmetricKeyType === 'rsa') return 'rsa';
  throw wrong('has a key that is neither ECDSA nor RSA');
}

/** Cloudflare's compact form: the issuer's organisation, else its common name, letters and digits alone. */
function issuerOf({ issuer }: X509Certificate): string {
  const part = (name: string) => issuer.split('\n').find((line) => line.startsWith(`${name}=`));
  const text = (part('O') ?? part('CN') ?? '=unknown').replace(/^\w+=/, '');
  return text.replace(/[^\p{L}\p{N}]/gu, '').slice(0, 100);
}

/** `ecdsa-with-SHA384` as `ECDSAWithSHA384`, `sha256WithRSAEncryption` as `SHA256WithRSA`. */
function signatureOf({ signatureAlgorithm = 'unknown' }: X509Certificate): string {
  const [, ecdsa] = /^ecdsa-with-(SHA\d+)$/.exec(signatureAlgorithm) ?? [];
  const [, rsa] = /^(sha\d+)WithRSAEncryption$/i.exec(signatureAlgorithm) ?? [];
  if (ecdsa) return `ECDSAWith${ecdsa}`;
  return rsa ? `${rsa.toUpperCase()}WithRSA` : signatureAlgorithm;
}

const SUBJECT_ALT_NAME = Buffer.from([0x55, 0x1d, 0x11]);

/** Names of the SAN extension, read from its DER: the display string of a hostile one can be misread. */
function hostsOf({ raw }: X509Certificate): string[] {
  try {
    const [certificate] = readAll(raw);
    const [body] = childrenOf(certificate);
    const extensions = childrenOf(childrenOf(childrenOf(body).find(({ tag }) => tag === 0xa3))[0]);
    const names = extensions
      .map(childrenOf)
      .find(([id]) => id?.contents.equals(SUBJECT_ALT_NAME))
      ?.at(-1);
    return names?.tag === TAG.octets ? childrenOf(readAll(names.contents)[0]).map(toHost) : [];
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw wrong('has subject alternative names that cannot be read', cause);
  }
}

const childrenOf = (value: DerValue | undefined): DerValue[] => (value ? readAll(value.contents) : []);

function toHost({ tag, contents }: DerValue): string {
  const text = contents.toString('latin1');
  if (tag === DNS_NAME && /^[a-z0-9._*-]{1,253}$/i.test(text)) return text.toLowerCase();
  throw wrong('has a subject alternative name that is no host name');
}

const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

const hasKey = (certificate: X509Certificate, key: KeyObject): boolean =>
  spkiOf(certificate.publicKey).equals(spkiOf(createPublicKey(key)));

const isSameSet = (some: readonly string[], others: readonly string[]): boolean =>
  some.every((one) => others.includes(one)) && others.every((one) => some.includes(one));

function checkLinks(certificates: readonly X509Certificate[]): void {
  for (const [i, certificate] of certificates.entries()) {
    const issuer = certificates[i + 1];
    if (issuer && !(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey))) {
      throw wrong(`comes with a chain of which certificate ${i + 1} is not signed by the next`);
    }
  }
}

const listed = (names: readonly string[]): string => listHosts(names) || 'no host';

const wrong = (why: string, cause?: unknown) =>
  new Fault(
    'ca_wrong_answer',
    `the certificate that the CA delivered ${why}; it is not used, and ordered anew`,
    {
      cause,
    },
  );
