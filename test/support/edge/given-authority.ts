/** For tests of agents: a CA of an installation, and what it certifies. */
import 'reflect-metadata';
import { createHash, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { days } from '../../../src/kit/time.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface GivenAuthority {
  /** PEM. */
  readonly certificate: string;
  readonly fingerprint: string;
  /** PEM of a certificate with its key, of a server. */
  server(valid?: Validity): Promise<{ readonly cert: string; readonly key: string }>;
  /** PEM of the certificate for a request. */
  agent(csr: string, valid?: Validity): Promise<string>;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const now = (): Validity => ({
  notBefore: new Date(Date.now() - 3_600_000),
  notAfter: new Date(Date.now() + days(30) * 1_000),
});

/** A new CA. */
export async function givenAuthority(): Promise<GivenAuthority> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=agents of a test',
    keys,
    signingAlgorithm: ECDSA,
    ...now(),
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const issue = (
    publicKey: webcrypto.CryptoKey | x509.PublicKey,
    use: x509.ExtendedKeyUsage,
    valid = now(),
  ) =>
    x509.X509CertificateGenerator.create({
      serialNumber: randomBytes(8).toString('hex'),
      subject: 'CN=of a test',
      issuer: ca.subject,
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ECDSA,
      ...valid,
      extensions: [new x509.ExtendedKeyUsageExtension([use])],
    });
  return {
    certificate: ca.toString('pem'),
    fingerprint: createHash('sha256').update(Buffer.from(ca.rawData)).digest('hex'),
    async server(valid) {
      const own = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
      const made = await issue(own.publicKey, x509.ExtendedKeyUsage.serverAuth, valid);
      const key = KeyObject.from(own.privateKey).export({ format: 'pem', type: 'pkcs8' }).toString();
      return { cert: `${made.toString('pem')}\n${ca.toString('pem')}`, key };
    },
    async agent(csr, valid) {
      const { publicKey } = new x509.Pkcs10CertificateRequest(csr);
      return (await issue(publicKey, x509.ExtendedKeyUsage.clientAuth, valid)).toString('pem');
    },
  };
}
