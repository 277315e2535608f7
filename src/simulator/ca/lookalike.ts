import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { X509Certificate, X509CertificateGenerator } from '@peculiar/x509';

/** A certificate of a CA that is like another in all but its key, and its name where one is told. */
export async function makeLookalike(pem: string, commonName?: string): Promise<string> {
  const model = new X509Certificate(pem);
  const algorithm = { ...model.publicKey.algorithm, hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  if (!('publicKey' in keys)) throw new Error('a CA has a key pair');
  const certificate = await X509CertificateGenerator.create({
    serialNumber: model.serialNumber,
    subject: commonName === undefined ? model.subjectName : [{ CN: [commonName] }],
    issuer: model.issuerName,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    notBefore: model.notBefore,
    notAfter: model.notAfter,
    extensions: model.extensions,
  });
  return certificate.toString('pem');
}
