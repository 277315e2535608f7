import 'reflect-metadata';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from '@peculiar/x509';
import type { Jwk } from './keys.ts';
import { Refusal } from './problems.ts';

/** A certificate request (PKCS#10) that was checked. */
export interface Csr {
  /** Of common name and subject alternative names, lower-case. */
  readonly names: readonly string[];
  readonly publicKey: Jwk;
  readonly hasCommonName: boolean;
}

/** Reads a request and checks its signature and key. Throws `badCSR`. */
export async function readCsr(der: Buffer): Promise<Csr> {
  try {
    const request = new Pkcs10CertificateRequest(der);
    const publicKey = checkedKey(
      createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' }),
    );
    if (request.signatureAlgorithm.hash.name === 'SHA-1') refuse('is signed with SHA-1');
    if (!(await request.verify())) refuse('has a signature that does not verify');
    const hasCommonName = request.subjectName.getField('CN').length > 0;
    return { names: namesIn(request), publicKey, hasCommonName };
  } catch (error) {
    // The library tells nothing apart: whatever it cannot read is no request.
    if (error instanceof Refusal) throw error;
    throw new Refusal('badCSR', 'the CSR is not a PKCS#10 request that can be read');
  }
}

function refuse(why: string): never {
  throw new Refusal('badCSR', `the CSR ${why}`);
}

function checkedKey(key: KeyObject): Jwk {
  if (!isStrong(key)) refuse('must have a key on P-256 or P-384, or RSA of 2048 to 8192 bits');
  const { kty, crv = '', x = '', y = '', n = '', e = '' } = key.export({ format: 'jwk' });
  return kty === 'EC' ? { kty, crv, x, y } : { kty: 'RSA', n, e };
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { namedCurve = '', modulusLength = 0 } = asymmetricKeyDetails;
  if (asymmetricKeyType === 'ec') return CURVES.includes(namedCurve);
  return asymmetricKeyType === 'rsa' && modulusLength >= 2_048 && modulusLength <= 8_192;
}

const CURVES = ['prime256v1', 'secp384r1'];

function namesIn(request: Pkcs10CertificateRequest): string[] {
  const alternatives = request.extensions.flatMap((one) =>
    one instanceof SubjectAlternativeNameExtension ? one.names.items : [],
  );
  if (alternatives.some(({ type }) => type !== 'dns'))
    refuse('has a subject alternative name that is not dns');
  const names = [...request.subjectName.getField('CN'), ...alternatives.map(({ value }) => value)];
  return [...new Set(names.map((name) => name.toLowerCase()))];
}
