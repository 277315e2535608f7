/** CAs and certificates of a test's own, of every kind that people have. */
import 'reflect-metadata';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralName,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { after, days, type Seconds } from '../../src/kit/time.ts';

const KINDS = {
  p256: { name: 'ECDSA', namedCurve: 'P-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384' },
  p521: { name: 'ECDSA', namedCurve: 'P-521' },
  rsa1024: rsa(1_024),
  rsa2048: rsa(2_048),
  ed25519: { name: 'Ed25519' },
} as const;
type Kind = keyof typeof KINDS;

function rsa(modulusLength: number) {
  return {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  } as const;
}

/** A certificate with its key. */
export interface Made {
  readonly pem: string;
  readonly key: KeyObject;
  readonly subject: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** What a certificate is to be. */
export interface Making {
  /** Undefined: it signs itself. */
  readonly by?: Made;
  readonly kind?: Kind;
  /** Another one with the same key. */
  readonly as?: Made;
  /** A request in PEM, of whose key it is to be; the key that comes with it is another one then. */
  readonly csr?: string;
  readonly subject?: string;
  readonly hosts?: readonly string[];
  readonly otherNames?: readonly JsonGeneralName[];
  readonly isCa?: boolean;
  readonly from?: Date;
  readonly days?: number;
  readonly hash?: 'SHA-1' | 'SHA-256';
  readonly uses?: readonly string[];
  /** Of a CA: most CAs below it. */
  readonly pathLength?: number;
  /** Of a CA: hosts that it may issue for, and those that it may not. */
  readonly permitted?: readonly string[];
  readonly excluded?: readonly string[];
}

/** Makes a certificate; for 90 days from `now`, unless told, and a CA's for ten years. */
export async function make(now: Date, making: Making = {}): Promise<Made> {
  const { by, hash = 'SHA-256', from = after(now, -days(1)) } = making;
  const keys = await keysOf(making);
  const subject = subjectOf(making);
  const signer = by?.keys ?? keys;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: `1${randomBytes(8).toString('hex').slice(1)}`,
    subject,
    issuer: by?.subject ?? subject,
    publicKey: making.csr === undefined ? keys.publicKey : new Pkcs10CertificateRequest(making.csr).publicKey,
    signingKey: await hashing(signer.privateKey, hash),
    signingAlgorithm: { name: signer.privateKey.algorithm.name, hash },
    notBefore: from,
    notAfter: after(from, lengthOf(making)),
    extensions: extensionsOf(making),
  });
  return { pem: `${certificate.toString('pem')}\n`, key: KeyObject.from(keys.privateKey), subject, keys };
}

const lengthOf = ({ isCa = false, days: length = isCa ? 3_650 : 90 }: Making): Seconds => days(length);

const keysOf = async ({ as, kind = 'p256' }: Making) => as?.keys ?? newKeys(kind);

function subjectOf({ subject, isCa = false, hosts: [first = 'none'] = [] }: Making): string {
  return subject ?? (isCa ? `CN=CA ${randomBytes(3).toString('hex')}` : `CN=${first}`);
}

function extensionsOf(making: Making): Extension[] {
  const { isCa = false, hosts = [], otherNames = [], uses = SERVERS, pathLength } = making;
  const names = [...hosts.map((value) => ({ type: 'dns', value }) as const), ...otherNames];
  return [
    new BasicConstraintsExtension(isCa, pathLength, true),
    ...(isCa ? [] : [new ExtendedKeyUsageExtension([...uses])]),
    ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
    ...(making.permitted || making.excluded ? [constraintsOf(making)] : []),
  ];
}

/** Name constraints (RFC 5280 4.2.1.10) on hosts. */
function constraintsOf({ permitted = [], excluded = [] }: Making): Extension {
  const trees = (tag: number, hosts: readonly string[]) =>
    hosts.length === 0 ? [] : [tlv(tag, ...hosts.map((host) => tlv(0x30, tlv(0x82, Buffer.from(host)))))];
  return new Extension('2.5.29.30', true, tlv(0x30, ...trees(0xa0, permitted), ...trees(0xa1, excluded)));
}

/** A value in DER of fewer than 256 bytes. */
function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const length = body.length < 0x80 ? [body.length] : [0x81, body.length];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const SERVERS = [ExtendedKeyUsage.serverAuth];

async function newKeys(kind: Kind): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(KINDS[kind], true, ['sign', 'verify']);
  if ('publicKey' in keys) return keys;
  throw new Error('keys of certificates are pairs');
}

/** A key of RSA is bound to a hash. */
async function hashing(key: webcrypto.CryptoKey, hash: string): Promise<webcrypto.CryptoKey> {
  if (key.algorithm.name !== 'RSASSA-PKCS1-v1_5') return key;
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return webcrypto.subtle.importKey('pkcs8', der, { name: key.algorithm.name, hash }, true, ['sign']);
}

/** PEM of a key, in the form of PKCS#8 unless told. */
export const pemOf = ({ key }: Pick<Made, 'key'>, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): string =>
  String(key.export({ type, format: 'pem' }));

/** A root, an intermediate below it, and what signs leaves. */
export async function makeCa(now: Date): Promise<{ readonly root: Made; readonly intermediate: Made }> {
  const root = await make(now, { isCa: true });
  return { root, intermediate: await make(now, { isCa: true, by: root }) };
}
