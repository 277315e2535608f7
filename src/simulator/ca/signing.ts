import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CertificatePolicyExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type Csr, readCsr } from './csr.ts';
import type { Authority, KeyPair } from './key-pair.ts';
import { newSerial } from './serial.ts';

/** What a leaf is to say. */
export interface LeafRequest {
  /** DER of a request that was checked. */
  readonly csr: Buffer;
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** What no leaf of an honest CA has. */
  readonly oddities?: {
    /** Whether its key is another than that of the request. */
    readonly hasOtherKey?: boolean;
    readonly isCa?: boolean;
    /** Lower-case hexadecimal. */
    readonly serial?: string;
    /** In place of the names, whatever it is; an empty one leaves the extension out. */
    readonly subjectAltName?: Buffer;
  };
}

/** A leaf that was signed. */
export interface Leaf extends Pick<LeafRequest, 'names' | 'notBefore' | 'notAfter'> {
  /** Lower-case hexadecimal. */
  readonly serial: string;
  /** PEM, leaf first. */
  readonly chain: string;
}

/** The part of a CA that reads certificate requests and signs certificates. */
export interface Signing {
  readonly readCsr: (der: Buffer) => Promise<Csr>;
  /** Signs a leaf by the issuer of its kind of key. Throws a bare error when the CA itself ends before it. */
  readonly issue: (request: LeafRequest) => Promise<Leaf>;
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

/** Domain validated (Baseline Requirements 7.1.6.1). */
const POLICY = '2.23.140.1.2.1';

/** One issuing certificate with its key. */
interface Issuer {
  readonly certificate: X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
  readonly algorithm: typeof ECDSA | typeof RSA;
  readonly asAuthority: AuthorityKeyIdentifierExtension;
}

async function openIssuer({ pem, key }: KeyPair, algorithm: Issuer['algorithm']): Promise<Issuer> {
  const certificate = new X509Certificate(pem);
  const der = createPrivateKey(key).export({ format: 'der', type: 'pkcs8' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  const asAuthority = await AuthorityKeyIdentifierExtension.create(certificate.publicKey);
  return { certificate, signingKey, algorithm, asAuthority };
}

/** Reads the issuing keys. */
export async function openSigning({
  intermediate,
  rsaIntermediate,
}: Pick<Authority, 'intermediate' | 'rsaIntermediate'>): Promise<Signing> {
  const ecdsa = await openIssuer(intermediate, ECDSA);
  const rsa = await openIssuer(rsaIntermediate, RSA);
  return {
    readCsr,
    async issue(request) {
      const { publicKey: requested, subjectName } = new Pkcs10CertificateRequest(request.csr);
      const isEcdsa = requested.algorithm.name === 'ECDSA';
      const { certificate: issuer, ...by } = isEcdsa ? ecdsa : rsa;
      const { names, notBefore, notAfter, oddities = {} } = request;
      if (notAfter > issuer.notAfter) throw new Error('the CA ends before the certificate would');
      const serial = oddities.serial ?? newSerial();
      const publicKey = oddities.hasOtherKey ? await newPublicKey(requested) : requested;
      const leaf = await X509CertificateGenerator.create({
        serialNumber: serial,
        subject: subjectOf([...subjectName.getField('CN'), ...names]),
        issuer: issuer.subjectName,
        publicKey,
        signingKey: by.signingKey,
        signingAlgorithm: by.algorithm,
        notBefore,
        notAfter,
        extensions: [
          new BasicConstraintsExtension(oddities.isCa ?? false, undefined, true),
          useOf(isEcdsa, oddities.isCa),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          ...namesExtension(request),
          new CertificatePolicyExtension([POLICY]),
          await SubjectKeyIdentifierExtension.create(publicKey),
          by.asAuthority,
        ],
      });
      const chain = `${leaf.toString('pem')}\n${issuer.toString('pem')}\n`;
      return { serial, chain, names, notBefore, notAfter };
    },
  };
}

/** Object identifier of subject alternative names (RFC 5280 4.2.1.6). */
const SUBJECT_ALT_NAME = '2.5.29.17';

function namesExtension({ names, oddities: { subjectAltName } = {} }: LeafRequest): Extension[] {
  if (!subjectAltName)
    return [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))];
  return subjectAltName.length === 0 ? [] : [new Extension(SUBJECT_ALT_NAME, false, subjectAltName)];
}

/** A key of the same kind that nobody has the private part of. */
async function newPublicKey({ algorithm }: PublicKey): Promise<webcrypto.CryptoKey> {
  const keys = await webcrypto.subtle.generateKey({ ...algorithm, hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
  if ('publicKey' in keys) return keys.publicKey;
  throw new Error('keys of certificates are pairs');
}

/** The first name that fits into a common name: 64 characters (RFC 5280 A.1). What was asked for goes first. */
function subjectOf(names: readonly string[]) {
  const short = names.find((name) => name.length <= 64);
  return short === undefined ? [] : [{ CN: [short] }];
}

/** What the key of a leaf is for; a CA is none unless it may sign certificates (RFC 5280 4.2.1.9). */
function useOf(isEcdsa: boolean, isCa = false): KeyUsagesExtension {
  if (isCa) return CERTIFIES;
  return isEcdsa ? SIGNS : SIGNS_AND_ENCIPHERS;
}

const SIGNS = new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true);
const SIGNS_AND_ENCIPHERS = new KeyUsagesExtension(
  KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
  true,
);
const CERTIFIES = new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign, true);
