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
import type { KeyPair } from './authority.ts';
import { type Csr, readCsr } from './csr.ts';
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
  /** Signs a leaf; `serial` is lower-case hexadecimal. Throws a bare error when the CA itself ends before it. */
  issue(request: LeafRequest): Promise<{ readonly serial: string; readonly pem: string }>;
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Domain validated (Baseline Requirements 7.1.6.1). */
const POLICY = '2.23.140.1.2.1';

/** Reads the issuing key. */
export async function openSigning(intermediate: KeyPair): Promise<Signing> {
  const issuer = new X509Certificate(intermediate.pem);
  const der = createPrivateKey(intermediate.key).export({ format: 'der', type: 'pkcs8' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, ECDSA, false, ['sign']);
  const ofIssuer = await AuthorityKeyIdentifierExtension.create(issuer.publicKey);
  return {
    readCsr,
    async issue({ csr, names, notBefore, notAfter }) {
      if (notAfter > issuer.notAfter) throw new Error('the CA ends before the certificate would');
      const { publicKey } = new Pkcs10CertificateRequest(csr);
      const serialNumber = newSerial();
      const leaf = await X509CertificateGenerator.create({
        serialNumber,
        subject: subjectOf(names),
        issuer: issuer.subjectName,
        publicKey,
        signingKey,
        signingAlgorithm: ECDSA,
        notBefore,
        notAfter,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          publicKey.algorithm.name === 'ECDSA' ? SIGNS : SIGNS_AND_ENCIPHERS,
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
          new CertificatePolicyExtension([POLICY]),
          await SubjectKeyIdentifierExtension.create(publicKey),
          ofIssuer,
        ],
      });
      return { serial: serialNumber, pem: leaf.toString('pem') };
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
