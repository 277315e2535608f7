/**
 * Private keys that their owners keep, and TLS with them. Terms:
 * - token: a PKCS#11 token, of a hardware security module or of software.
 * - key server: a program that holds keys and signs for those who show it a client certificate (`key-server.ts`).
 * - terminator: the process that speaks TLS for names whose keys are elsewhere (`native/terminator.c`).
 * - scheme: how is signed, as TLS numbers it (RFC 8446 4.2.3).
 */
import { constants, createHash, createPublicKey, randomBytes, verify, X509Certificate } from 'node:crypto';
import { Fault } from '../kit/fault.ts';

/** Signs with one key that is elsewhere. */
export interface Signer {
  /** A signature of a content; of ECDSA in DER. Throws `signer_unreachable` or `signer_refused`. */
  sign(scheme: number, content: Buffer): Promise<Buffer>;
}

/** How a scheme is said to Node. */
interface Scheme {
  readonly type: 'ec' | 'rsa';
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly padding?: number;
  readonly saltLength?: number;
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const pkcs1 = { padding: constants.RSA_PKCS1_PADDING };

/** The schemes by which servers sign here. */
export const SCHEMES: ReadonlyMap<number, Scheme> = new Map([
  [0x0403, { type: 'ec', hash: 'sha256' }],
  [0x0503, { type: 'ec', hash: 'sha384' }],
  [0x0603, { type: 'ec', hash: 'sha512' }],
  [0x0804, { type: 'rsa', hash: 'sha256', ...pss }],
  [0x0805, { type: 'rsa', hash: 'sha384', ...pss }],
  [0x0806, { type: 'rsa', hash: 'sha512', ...pss }],
  [0x0401, { type: 'rsa', hash: 'sha256', ...pkcs1 }],
  [0x0501, { type: 'rsa', hash: 'sha384', ...pkcs1 }],
  [0x0601, { type: 'rsa', hash: 'sha512', ...pkcs1 }],
]);

/** How a key is named to a key server: SHA-256 of its public half (SubjectPublicKeyInfo). */
export function keyHashOf(publicKey: ReturnType<typeof createPublicKey>): Buffer {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** The public key of the leaf that a chain in PEM begins with. */
export const publicKeyOf = (chain: string): ReturnType<typeof createPublicKey> =>
  new X509Certificate(chain).publicKey;

const SPACES = Buffer.alloc(64, ' ');
const CONTEXT = Buffer.from('TLS 1.3, server CertificateVerify\0');
const BEGIN_13 = Buffer.concat([SPACES, CONTEXT]);
const HASHES: readonly number[] = [32, 48];
/** Points by group, as TLS 1.2 names them: x25519, P-256, P-384 (RFC 8422 5.1.1). */
const POINTS: ReadonlyMap<number, number> = new Map([
  [29, 32],
  [23, 65],
  [24, 97],
]);

/**
 * Whether a content is what a TLS server signs in a handshake, and nothing else: of TLS 1.3 its CertificateVerify (RFC 8446 4.4.3),
 * of TLS 1.2 two randoms with its ECDHE parameters (RFC 8422 5.4).
 */
export function isServersContent(content: Buffer): boolean {
  if (content.subarray(0, BEGIN_13.length).equals(BEGIN_13))
    return HASHES.includes(content.length - BEGIN_13.length);
  if (content.length < 68 || content.readUInt8(64) !== 3) return false;
  const point = content.readUInt8(67);
  return POINTS.get(content.readUInt16BE(65)) === point && content.length === 68 + point;
}

/** A content as TLS 1.3 has it, of a handshake that never was. */
const sample = (): Buffer => Buffer.concat([BEGIN_13, randomBytes(32)]);

/** Has a key sign something of no use. Throws as `sign`, and `signer_refused` where another key signed. */
export async function proveSigner(
  signer: Signer,
  publicKey: ReturnType<typeof createPublicKey>,
): Promise<void> {
  const scheme = schemeFor(publicKey);
  const { hash, padding, saltLength } = SCHEMES.get(scheme) ?? { hash: 'sha256' };
  const content = sample();
  const signature = await signer.sign(scheme, content);
  const how = {
    key: publicKey,
    ...(padding !== undefined && { padding }),
    ...(saltLength !== undefined && { saltLength }),
  };
  if (!verify(hash, content, how, signature))
    throw new Fault('signer_refused', 'another key than that of the certificate signed');
}

const schemeFor = ({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: ReturnType<typeof createPublicKey>): number => {
  if (asymmetricKeyType === 'rsa') return 0x0804;
  return asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 0x0503 : 0x0403;
};
