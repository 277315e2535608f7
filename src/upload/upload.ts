/**
 * What customers send as their own certificates: read, checked and made into what edges serve. Pure: of texts, of the roots that
 * are trusted, and of the time. Terms:
 * - upload: a certificate that its owner got elsewhere, with its key.
 * - bundle: to make the chain that is served with a leaf.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { type Leaf, toLeaf } from '../ca/leaf.ts';
import { Fault } from '../kit/fault.ts';
import { after, days, type Seconds } from '../kit/time.ts';
import { isInZone, toName } from '../pack/hosts.ts';
import type { BundleMethod } from '../pack/pack.ts';
import { bundle, isWeak } from './bundle.ts';
import { part, partAlone, readCertificates, unfit } from './certificates.ts';
import { toPem } from './pem.ts';
import { hasKey, readKeys, refused } from './private-key.ts';
import type { Trust } from './trust.ts';

/** An upload as it was sent. */
export interface GivenUpload {
  readonly certificate: string;
  /** Undefined: it stands with the certificate. The public half of one that is kept already stands for that. */
  readonly privateKey: string | KeyObject | undefined;
  readonly bundleMethod: BundleMethod;
}

/** An upload that was read and is good. */
export interface Upload {
  readonly leaf: Leaf;
  /** Those of its hosts that are of the zone, in A-labels. */
  readonly names: readonly string[];
  /** What is served: PEM, leaf first. */
  readonly chain: string;
  /** PKCS#8 in PEM; undefined: it is kept already. */
  readonly key: string | undefined;
  /** All certificates that came, in PEM, the leaf first. */
  readonly sent: string;
  /** Certificates of CAs by which the leaf leads to a root that is trusted; none where it need not. */
  readonly intermediates: readonly Intermediate[];
}

/** A certificate of a CA, by which other chains may be completed. */
export interface Intermediate {
  /** Lower-case hexadecimal SHA-256. */
  readonly fingerprint: string;
  /** Names as Node writes them. */
  readonly subject: string;
  readonly issuer: string;
  readonly pem: string;
  readonly notAfter: Date;
}

/** What an upload is judged by. */
export interface UploadRules {
  /** Name of the zone that it is for. */
  readonly zone: string;
  readonly trust: Trust;
  readonly now: Date;
}

/** What is to be left of its life (Cloudflare, upload custom certificates). */
const LEAST_LEFT: Seconds = days(14);
/** Bits of an RSA key; a longer one costs each handshake more than it is worth. */
const [LEAST_BITS, MOST_BITS] = [2_048, 8_192];
/** Curves that browsers know. */
const CURVES: readonly string[] = ['prime256v1', 'secp384r1'];
/** Most hosts of the zone: each is shown by a handshake. */
const MOST_HOSTS = 250;

/**
 * Reads an upload. Throws, in words for whoever sent it and with a pointer, `invalid_certificate`, `no_leaf`,
 * `invalid_private_key`, `key_not_usable`, `no_host_of_zone` or `chain_not_bundleable`.
 */
export function readUpload(given: GivenUpload, rules: UploadRules): Upload {
  const { certificate, privateKey, bundleMethod: method } = given;
  const certificates = readCertificates(certificate);
  if (privateKey === undefined && !hasKey(certificate)) throw refused('is missing');
  const keys = typeof privateKey === 'object' ? [privateKey] : readKeys(privateKey ?? certificate);
  const { leaf, key, others } = part(certificates, keys, method === 'force');
  const pem =
    key.type === 'private' ? toPem('PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' })) : undefined;
  return { ...judge({ leaf, others, method }, rules), key: pem };
}

/**
 * Reads a certificate whose key is not with us, with its intermediates. Throws as `readUpload`, and `invalid_certificate` where there
 * are several leaves.
 */
export function readKeyless(
  { certificate, bundleMethod: method }: Omit<GivenUpload, 'privateKey'>,
  rules: UploadRules,
): Omit<Upload, 'key'> {
  const { leaf, others } = partAlone(readCertificates(certificate), method === 'force');
  return judge({ leaf, others, method }, rules);
}

interface Given {
  readonly leaf: X509Certificate;
  readonly others: readonly X509Certificate[];
  readonly method: BundleMethod;
}

function judge({ leaf, others, method }: Given, { zone, trust, now }: UploadRules): Omit<Upload, 'key'> {
  checkKey(leaf);
  checkTime(leaf, now);
  checkUse(leaf);
  const told = read(leaf);
  const names = namesOf(told, zone);
  const chain = bundle({ leaf, others, method }, trust, now);
  return {
    leaf: told,
    names,
    chain: inPem(chain),
    sent: inPem([leaf, ...others]),
    intermediates: method === 'force' ? [] : chain.slice(1).map(toIntermediate),
  };
}

const toIntermediate = (one: X509Certificate): Intermediate => ({
  fingerprint: one.fingerprint256.replaceAll(':', '').toLowerCase(),
  subject: one.subject,
  issuer: one.issuer,
  pem: toPem('CERTIFICATE', one.raw),
  notAfter: one.validToDate,
});

/** Who is said to have signed the certificates of a text, the names as Node writes them. Throws `invalid_certificate`. */
export const issuersIn = (text: string): string[] => [
  ...new Set(readCertificates(text).map(({ issuer }) => issuer)),
];

const inPem = (certificates: readonly X509Certificate[]): string =>
  certificates.map(({ raw }) => toPem('CERTIFICATE', raw)).join('');

function checkKey({ publicKey }: X509Certificate): void {
  const { asymmetricKeyType: kind = 'unknown', asymmetricKeyDetails: details = {} } = publicKey;
  const { modulusLength: bits = 0, namedCurve: curve } = details;
  if (curve !== undefined && CURVES.includes(curve)) return;
  if (kind !== 'rsa')
    throw unfit('key_not_usable', `has a key (${curve ?? kind}) that browsers do not take; ${TAKEN}`);
  if (bits < LEAST_BITS) throw invalid(`has an RSA key of ${bits} bits; ${TAKEN}`);
  if (bits > MOST_BITS)
    throw unfit('key_not_usable', `has an RSA key of more than ${MOST_BITS} bits; ${TAKEN}`);
}

const TAKEN = `take RSA of ${LEAST_BITS} bits or more, or ECDSA with P-256 or P-384`;

const invalid = (why: string): Fault => unfit('invalid_certificate', why);

function checkTime({ validFromDate, validToDate }: X509Certificate, now: Date): void {
  const [from, to] = [validFromDate, validToDate].map((one) =>
    one.toISOString().slice(0, 16).replace('T', ' '),
  );
  if (validToDate <= now) throw invalid(`has expired: it ended at ${to} UTC`);
  if (validFromDate > now) throw invalid(`is not valid before ${from} UTC`);
  if (validToDate < after(now, LEAST_LEFT)) throw invalid(`ends at ${to} UTC: 14 days have to be left`);
}

const [SERVER_USE, ANY_USE] = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

/** Its extended key usage, which Node calls key usage, and its signature. */
function checkUse(leaf: X509Certificate): void {
  const uses: readonly string[] | undefined = leaf.keyUsage;
  if (uses && uses.length > 0 && !uses.includes(SERVER_USE) && !uses.includes(ANY_USE))
    throw unfit('invalid_certificate', 'is none for TLS servers: its extended key usage has no serverAuth');
  if (isWeak(leaf))
    throw unfit(
      'invalid_certificate',
      'is signed with SHA-1 or MD5, which no client takes; have it issued anew',
    );
}

function read(leaf: X509Certificate): Leaf {
  try {
    return toLeaf(leaf, 'anybody’s');
  } catch (cause) {
    throw unfit('invalid_certificate', cause instanceof Fault ? cause.message : 'cannot be read', cause);
  }
}

/** The hosts of a leaf that are of the zone; what no host may be is passed over. */
function namesOf({ hosts }: Leaf, zone: string): string[] {
  const names = [...new Set(hosts.flatMap(nameOf))].filter((name) => isInZone(name, zone));
  if (names.length > MOST_HOSTS)
    throw unfit(
      'invalid_certificate',
      `has ${names.length} hosts of the zone; at most ${MOST_HOSTS} are served by one`,
    );
  if (names.length > 0) return names;
  const [first, ...more] = hosts;
  if (first === undefined)
    throw unfit(
      'no_host_of_zone',
      `has no host among its subject alternative names; one of ${zone} is wanted`,
    );
  throw unfit(
    'no_host_of_zone',
    `is for ${first}${more.length > 0 ? ` and ${more.length} more` : ''}, and no host of ${zone}`,
  );
}

function nameOf(host: string): string | [] {
  try {
    return toName(host);
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}
