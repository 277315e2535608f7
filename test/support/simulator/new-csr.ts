import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509';

const KEY_KINDS = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  p521: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2_048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
  rsa1024: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 1_024,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
} as const;

/** The kinds of keys that requests are made with. */
export type CsrKey = keyof typeof KEY_KINDS;

/** A certificate request in base64url. */
export async function newCsr(
  names: readonly string[],
  {
    type = 'ec',
    keys,
    ip,
  }: {
    readonly type?: CsrKey;
    readonly keys?: webcrypto.CryptoKeyPair;
    readonly ip?: string;
  } = {},
): Promise<string> {
  const kind = KEY_KINDS[type];
  const alternatives = [
    ...names.map((value) => ({ type: 'dns', value }) as const),
    ...(ip ? [{ type: 'ip', value: ip } as const] : []),
  ];
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [names[0] ?? ''] }],
    keys: keys ?? (await webcrypto.subtle.generateKey(kind, true, ['sign', 'verify'])),
    signingAlgorithm: kind,
    extensions: [new SubjectAlternativeNameExtension(alternatives)],
  });
  return Buffer.from(request.rawData).toString('base64url');
}
