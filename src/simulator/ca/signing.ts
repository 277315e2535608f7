import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CertificatePolicyExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
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
}

/** The part of a CA that reads certificate requests and signs certificates. */
export interface Signing {
  readonly readCsr: (der: Buffer) => Promise<Csr>;
  /** Signs a leaf by the issuer of its kind of key; `serial` is lower-case hexadecimal, `chain` PEM, leaf first. Throws a bare error when the CA itself ends before it. */
  issue(request: LeafRequest): Promise<{ readonly serial: string; readonly chain: string }>;
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
    async issue({ csr, names, notBefore, notAfter }) {
      const { publicKey } = new Pkcs10CertificateRequest(csr);
      const isEcdsa = publicKey.algorithm.name === 'ECDSA';
      const { certificate: issuer, ...by } = isEcdsa ? ecdsa : rsa;
      if (notAfter > issuer.notAfter) throw new Error('the CA ends before the certificate would');
      const serialNumber = newSerial();
      const leaf = await X509CertificateGenerator.create({
        serialNumber,
        subject: subjectOf(names),
        issuer: issuer.subjectName,
        publicKey,
        signingKey: by.signingKey,
        signingAlgorithm: by.algorithm,
        notBefore,
        notAfter,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          isEcdsa ? SIGNS : SIGNS_AND_ENCIPHERS,
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
          new CertificatePolicyExtension([POLICY]),
          await SubjectKeyIdentifierExtension.create(publicKey),
          by.asAuthority,
        ],
      });
      return { serial: serialNumber, chain: `${leaf.toString('pem')}\n${issuer.toString('pem')}\n` };
    },
  };
}

/** The first name that fits into a common name: 64 characters (RFC 5280 A.1). */
function subjectOf(names: readonly string[]) {
  const short = names.find((name) => name.length <= 64);
  return short === undefined ? [] : [{ CN: [short] }];
}

const SIGNS = new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true);
const SIGNS_AND_ENCIPHERS = new KeyUsagesExtension(
  KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
  true,
);
