import type { X509Certificate } from 'node:crypto';
import { parseChain } from '../acme/chain.ts';
import { type DerValue, readAll, TAG } from '../acme/der.ts';
import { Fault } from '../kit/fault.ts';
import type { Certificate } from '../pack/pack.ts';
import { DNS_NAME } from './csr.ts';

/** What a leaf tells about itself. */
export type Leaf = Omit<Certificate, 'id' | 'uploadedOn' | 'modifiedOn'>;

/** The leaf of a PEM chain. Throws `ca_wrong_answer` for what is no chain of certificates for host names. */
export const parseLeaf = (chain: string): Leaf => toLeaf(firstOf(parseChain(chain)));

function firstOf([leaf]: readonly X509Certificate[]): X509Certificate {
  if (leaf) return leaf;
  throw wrong('is missing');
}

/**
 * What a certificate tells; one that is not ours may have names that are none of hosts, which are passed over. Throws
 * `ca_wrong_answer`, in words behind "the certificate …", where it is none for host names.
 */
export function toLeaf(certificate: X509Certificate, whose: 'ours' | 'anybody’s' = 'ours'): Leaf {
  return {
    algorithm: algorithmOf(certificate),
    hosts: hostsOf(certificate, whose === 'ours' ? toHost : toHostIfAny),
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
export function issuerOf({ issuer }: X509Certificate): string {
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
function hostsOf({ raw }: X509Certificate, read: (name: DerValue) => string | []): string[] {
  try {
    const [certificate] = readAll(raw);
    const [body] = childrenOf(certificate);
    const extensions = childrenOf(childrenOf(childrenOf(body).find(({ tag }) => tag === 0xa3))[0]);
    const names = extensions
      .map(childrenOf)
      .find(([id]) => id?.contents.equals(SUBJECT_ALT_NAME))
      ?.at(-1);
    return names?.tag === TAG.octets ? childrenOf(readAll(names.contents)[0]).flatMap(read) : [];
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw wrong('has subject alternative names that cannot be read', cause);
  }
}

const childrenOf = (value: DerValue | undefined): DerValue[] => (value ? readAll(value.contents) : []);

function toHost(name: DerValue): string {
  const host = toHostIfAny(name);
  if (typeof host === 'string') return host;
  throw wrong('has a subject alternative name that is no host name');
}

function toHostIfAny({ tag, contents }: DerValue): string | [] {
  const text = contents.toString('latin1');
  return tag === DNS_NAME && /^[a-z0-9._*-]{1,253}$/i.test(text) ? text.toLowerCase() : [];
}

const wrong = (why: string, cause?: unknown) => new Fault('ca_wrong_answer', why, { cause });
