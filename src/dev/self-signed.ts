import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { after, days } from '../kit/time.ts';
import type { GivenUpload } from '../upload/upload.ts';

const KINDS = {
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2_048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
} as const;

/** A new certificate for some hosts that signs itself, with its key, as an upload: for a year from yesterday on. */
export async function selfSigned(
  hosts: readonly string[],
  now: Date,
  kind: keyof typeof KINDS = 'ecdsa',
): Promise<GivenUpload & { readonly privateKey: string }> {
  const signing = KINDS[kind];
  const keys = await webcrypto.subtle.generateKey(signing, true, ['sign', 'verify']);
  const notBefore = after(now, -days(1));
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `1${randomBytes(8).toString('hex').slice(1)}`,
    name: 'O=Fixture',
    keys,
    signingAlgorithm: signing,
    notBefore,
    notAfter: after(notBefore, days(365)),
    extensions: [new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns', value })))],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    certificate: certificate.toString('pem'),
    privateKey: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
    bundleMethod: 'force',
  };
}
