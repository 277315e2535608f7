/** Certificates as people send them, in any order, and which of them is the leaf. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { demandDefinite, ifDer, valuesOf } from '../kit/der-values.ts';
import { Fault, type FaultName } from '../kit/fault.ts';
import { type PemBlock, readBlocks } from './pem.ts';
import { refused as refusedKey } from './private-key.ts';

const LABELS: readonly string[] = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'];

/** What people send in the place of a certificate, and what to do. */
const OTHERS: Readonly<Record<string, string>> = {
  'CERTIFICATE REQUEST': 'is a request for a certificate; send what the CA made of it',
  'NEW CERTIFICATE REQUEST': 'is a request for a certificate; send what the CA made of it',
  PKCS7: 'is PKCS#7; openssl pkcs7 -print_certs writes it as PEM',
  CMS: 'is PKCS#7; openssl pkcs7 -print_certs writes it as PEM',
  'X509 CRL': 'is a list of revoked certificates',
};

/** The certificates in a text, each once, in its order. Throws `invalid_certificate` for a text without any, or one that cannot be read. */
export function readCertificates(text: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = readBlocks(text, invalid);
  const all = blocks.filter(({ label }) => LABELS.includes(label)).map(toCertificate);
  const [first, ...others] = all.filter((one, i) => all.findIndex(({ raw }) => raw.equals(one.raw)) === i);
  if (first) return [first, ...others];
  const [other] = blocks;
  if (!other) throw invalid(text.trim() === '' ? 'is empty' : NOT_PEM);
  throw invalid(OTHERS[other.label] ?? `is none, but ${other.label}`);
}

const NOT_PEM = 'is not PEM: it has to begin with -----BEGIN CERTIFICATE-----';

function toCertificate({ label, der }: PemBlock, i: number): X509Certificate {
  // OpenSSL reads BER too, and whoever is handed it may not.
  if (!isDer(der))
    throw invalid(
      `has a value of indefinite length in block ${i + 1}, which is BER: openssl x509 writes it as DER`,
    );
  const certificate = parsed(
    () => {
      // What OpenSSL adds to a trusted one stands behind it.
      return new X509Certificate(label === 'TRUSTED CERTIFICATE' ? firstValue(der) : der);
    },
    `block ${i + 1} holds no certificate`,
  );
  // OpenSSL reads these when they are asked for first, and fails then.
  parsed(() => certificate.publicKey, `the public key in block ${i + 1} is none`);
  const times = [certificate.validFromDate, certificate.validToDate];
  if (times.some((one) => Number.isNaN(one.getTime())))
    throw invalid(`cannot be read: from when and until when it is valid is no time in block ${i + 1}`);
  return certificate;
}

function parsed<T>(read: () => T, why: string): T {
  try {
    return read();
  } catch (cause) {
    throw invalid(`cannot be read: ${why}`, cause);
  }
}

const isDer = (der: Buffer): boolean =>
  ifDer(() => {
    demandDefinite(der);
    return true;
  }, false);

/** The first value of some in DER (X.690 8.1.3). */
const firstValue = (der: Buffer): Buffer => valuesOf(der)[0]?.whole ?? der;

/** What was sent: which certificate the key belongs to, the key, and the other certificates in their order. */
export interface Parted {
  readonly leaf: X509Certificate;
  readonly key: KeyObject;
  readonly others: readonly X509Certificate[];
}

/**
 * Finds the one certificate that a key belongs to; other leaves are passed over. Throws `no_leaf` where all certificates are of
 * CAs, `invalid_private_key` where the key belongs to none, and `invalid_certificate` where it belongs to several. `isForced` takes
 * one that says it is a CA's for a leaf: self-signed ones do.
 */
export function part(
  certificates: readonly X509Certificate[],
  keys: readonly KeyObject[],
  isForced: boolean,
): Parted {
  const leaves = certificates.filter(({ ca }) => !ca);
  const fitting = (isForced && leaves.length === 0 ? certificates : leaves).flatMap((leaf) => {
    const key = keys.find((one) => isOf(leaf, one));
    return key ? [{ leaf, key }] : [];
  });
  const [found, another] = fitting;
  if (another)
    throw invalid(
      `is not one: ${fitting.length} of those that were sent belong to the private key; send one of them`,
    );
  if (!found) throw leaves.length === 0 ? noLeaf(certificates) : refusedKey(NOT_ITS);
  const others = certificates.filter((one) => one !== found.leaf && one.ca);
  return { ...found, others };
}

/** Whether a key, or the public half of one that is kept already, is a certificate's. */
const isOf = (leaf: X509Certificate, key: KeyObject): boolean =>
  key.type === 'private' ? leaf.checkPrivateKey(key) : leaf.publicKey.equals(key);

/** Finds the one leaf where no key tells which it is. Throws `no_leaf`, and `invalid_certificate` where there are several. */
export function partAlone(certificates: readonly X509Certificate[], isForced: boolean): Omit<Parted, 'key'> {
  const leaves = certificates.filter(({ ca }) => !ca);
  const [leaf, another] = leaves.length === 0 && isForced ? certificates.slice(0, 1) : leaves;
  if (another)
    throw invalid(`is not one: ${leaves.length} of those that were sent are of no CA; send one of them`);
  if (!leaf) throw noLeaf(certificates);
  return { leaf, others: certificates.filter((one) => one !== leaf && one.ca) };
}

const NOT_ITS = 'does not belong to the certificate: it is the key of another one';

const noLeaf = ([first]: readonly X509Certificate[]): Fault =>
  unfit(
    'no_leaf',
    first?.checkIssued(first)
      ? 'is self-signed and a CA’s; bundle_method force takes it'
      : 'is a CA’s: the certificate of your hosts is missing',
  );

/** A fault of the certificate, in words behind "the certificate …". */
export const unfit = (fault: FaultName, why: string, cause?: unknown): Fault =>
  new Fault(fault, `the certificate ${why}`, { pointer: '/certificate', cause });

const invalid = (why: string, cause?: unknown): Fault => unfit('invalid_certificate', why, cause);
