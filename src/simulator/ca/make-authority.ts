import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { newHexId } from '../../kit/id.ts';
import { after, days } from '../../kit/time.ts';
import type { Authority, KeyPair } from './key-pair.ts';
import { newSerial } from './serial.ts';
import type { CaTerms } from './terms.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Makes root, intermediate, the certificate of its directory, and a key for external accounts where it wants them. */
export async function makeAuthority({ organization, demandsBinding }: CaTerms): Promise<Authority> {
  const making = [newKeys(), newKeys(), newKeys(), newKeys(RSA)] as const;
  const [rootKeys, intermediateKeys, tlsKeys, rsaKeys] = await Promise.all(making);
  const rootName = nameOf(organization, 'Root');
  const root = await sign({ subject: rootName, keys: rootKeys, issuer: rootName, signer: rootKeys }, CA_USE);
  const below = (role: string, keys: webcrypto.CryptoKeyPair, use: readonly Extension[]) =>
    sign({ subject: nameOf(organization, role), keys, issuer: rootName, signer: rootKeys }, use);
  const [intermediate, rsaIntermediate, tls] = await Promise.all([
    below('ECDSA Intermediate', intermediateKeys, LAST_CA_USE),
    below('RSA Intermediate', rsaKeys, LAST_CA_USE),
    below('Directory', tlsKeys, TLS_USE),
  ]);
  return {
    root: await keyPair(root, rootKeys),
    intermediate: await keyPair(intermediate, intermediateKeys),
    rsaIntermediate: await keyPair(rsaIntermediate, rsaKeys),
    tls: await keyPair(tls, tlsKeys),
    ...(demandsBinding ? { eab: newBindingKey() } : {}),
    port: 0,
  };
}

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
} as const;

const newKeys = (algorithm: typeof ECDSA | typeof RSA = ECDSA): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

const newBindingKey = () => ({ kid: newHexId(), hmacKey: randomBytes(32).toString('base64url') });

const nameOf = (organization: string, role: string): JsonName => [
  { C: ['XX'] },
  { O: [organization] },
  { CN: [`${organization} ${role}`] },
];

interface Request {
  readonly subject: JsonName;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly issuer: JsonName;
  readonly signer: webcrypto.CryptoKeyPair;
}

/** 20 years by the machine's own time: TLS clients check the directory by theirs. */
async function sign(request: Request, use: readonly Extension[]): Promise<X509Certificate> {
  const notBefore = after(new Date(), -days(1));
  return X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: request.subject,
    issuer: request.issuer,
    publicKey: request.keys.publicKey,
    signingKey: request.signer.privateKey,
    signingAlgorithm: ECDSA,
    notBefore,
    notAfter: after(notBefore, days(20 * 365)),
    extensions: [
      ...use,
      await SubjectKeyIdentifierExtension.create(request.keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(request.signer.publicKey),
    ],
  });
}

const CA_KEY_USE = new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true);
const CA_USE = [new BasicConstraintsExtension(true, undefined, true), CA_KEY_USE];
const LAST_CA_USE = [new BasicConstraintsExtension(true, 0, true), CA_KEY_USE];
const TLS_USE = [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
  new SubjectAlternativeNameExtension([
    { type: 'ip', value: '127.0.0.1' },
    { type: 'dns', value: 'localhost' },
  ]),
];

async function keyPair(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<KeyPair> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = der.toString('base64').replace(/.{64}(?!$)/g, '$&\n');
  return {
    pem: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
  };
}
