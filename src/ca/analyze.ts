/** What a certificate tells, with the chain that comes with it; it may be anybody's. */
import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { Fault } from '../kit/fault.ts';
import { issuerOf, type Leaf, toLeaf } from './leaf.ts';

/** A certificate that was read. */
export interface Analysis {
  readonly leaf: Leaf;
  /** Kind and size of its key: `p256v1`, `rsa2048`. */
  readonly keyType: string;
  /** Certificates, the leaf among them. */
  readonly length: number;
  /** Why clients may not find their way from the leaf to a root; undefined: they do. */
  readonly gap: string | undefined;
}

/** Most certificates that are read. */
const MOST_CERTIFICATES = 10;

/**
 * Reads certificates in PEM, leaf first, and nothing besides. Throws `malformed_request` without a pointer, in words for
 * whoever sent them. `roots` are those that clients trust: Mozilla's unless told.
 */
export function analyze(pem: string, roots: readonly string[] = rootCertificates): Analysis {
  const certificates = read(pem);
  const [first] = certificates;
  if (!first) throw refused('has no certificate in PEM');
  return { ...told(first), length: certificates.length, gap: gapIn(certificates, roots) };
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----/g;
const NAMES: readonly string[] = ['CERTIFICATE', 'X509 CERTIFICATE'];

function read(pem: string): X509Certificate[] {
  const blocks = [...pem.matchAll(BLOCK)];
  if (pem.includes('PRIVATE KEY-----'))
    throw refused('has a private key, which is not to be sent here: take another one, this one was shown');
  if (blocks.some(([, name = '']) => !NAMES.includes(name)) || pem.replace(BLOCK, '').trim() !== '')
    throw refused('has something besides certificates in PEM');
  if (blocks.length > MOST_CERTIFICATES) throw refused(`has more than ${MOST_CERTIFICATES} certificates`);
  return blocks.map(([, , base64 = ''], i) => parsed(base64, i));
}

function parsed(base64: string, i: number): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64'));
  } catch (cause) {
    throw refused(`cannot be read: block ${i + 1} holds no certificate`, cause);
  }
}

function told(certificate: X509Certificate): Pick<Analysis, 'leaf' | 'keyType'> {
  try {
    return { leaf: toLeaf(certificate), keyType: keyTypeOf(certificate) };
  } catch (cause) {
    throw refused(cause instanceof Fault ? cause.message : 'cannot be read', cause);
  }
}

/** Names of curves as they are in requests for certificates; others as OpenSSL calls them. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'p256v1',
  secp384r1: 'p384',
  secp521r1: 'p521',
};

function keyTypeOf({ publicKey }: X509Certificate): string {
  const { namedCurve, modulusLength = 0 } = publicKey.asymmetricKeyDetails ?? {};
  return namedCurve === undefined ? `rsa${modulusLength}` : (CURVES[namedCurve] ?? namedCurve);
}

/** Where a chain breaks off: each is signed by the next, the last by itself or by a root. */
function gapIn(certificates: readonly X509Certificate[], roots: readonly string[]): string | undefined {
  const broken = certificates.findIndex((one, i) => {
    const next = certificates[i + 1];
    return next !== undefined && !hasSigned(next, one);
  });
  if (broken >= 0)
    return `certificate ${broken + 1} is not signed by the one behind it; put each before its issuer, the leaf first`;
  const last = certificates.at(-1);
  if (!last || hasSigned(last, last) || rootsNamed(last.issuer, roots).some((root) => hasSigned(root, last)))
    return undefined;
  return (
    `the last certificate was issued by ${issuerOf(last)}, which is no root of Mozilla's list: add the issuer's certificate, ` +
    'or have clients trust that one'
  );
}

/** Whether a certificate was signed by the key of another, and says so; not, where that key is none that can be used. */
function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** Roots that were read, by their subject. */
const READ = new WeakMap<readonly string[], ReadonlyMap<string, readonly X509Certificate[]>>();

function rootsNamed(subject: string, roots: readonly string[]): readonly X509Certificate[] {
  const named =
    READ.get(roots) ??
    Map.groupBy(
      roots.map((pem) => new X509Certificate(pem)),
      (root) => root.subject,
    );
  READ.set(roots, named);
  return named.get(subject) ?? [];
}

const refused = (why: string, cause?: unknown): Fault =>
  new Fault('malformed_request', `the certificate ${why}`, { cause });
