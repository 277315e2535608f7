/** What the responder of a CA says of one certificate (OCSP, RFC 6960): where a leaf says that it is, what is asked, what it says. */
import { createHash, X509Certificate } from 'node:crypto';
import type { CertID, SingleResponse } from '@peculiar/asn1-ocsp';
import { type DerValue, extensionsOf, ifDer, valuesIn, valuesOf } from '../kit/der-values.ts';
import { after, days, minutes } from '../kit/time.ts';
import { isSigned, REASONS, type RevocationAnswer, toSerial } from './revocation-answer.ts';

const TAG = { first: 0xa0, url: 0x86 } as const;
const [AUTHORITY_ACCESS, RESPONDER] = ['2b06010505070101', '2b06010505073001'];
const SHA1 = '1.3.14.3.2.26';
const BASIC = '1.3.6.1.5.5.7.48.1.1';
/** Purpose of a certificate whose key answers for its issuer. */
const ANSWERS = '1.3.6.1.5.5.7.3.9';
const MOST_URLS = 2;
/** How far a responder's clock may be ahead of ours. */
const SKEW = minutes(5);
/** How old an answer may be that does not say until when it counts. */
const OLDEST = days(1);
/** Numbers of RFC 6960 4.2.1. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'that the request is malformed',
  2: 'that it has an error of its own',
  3: 'that it is to be tried later',
  5: 'that requests are to be signed',
  6: 'that it is not asked by whom it answers',
};

/** URLs by plain HTTP of the responders that a leaf names; none of a leaf that is no DER. */
export const responderUrlsOf = (leaf: X509Certificate): readonly string[] => ifDer(() => urlsIn(leaf), []);

function urlsIn(leaf: X509Certificate): string[] {
  const access = extensionsOf(leaf.raw).get(AUTHORITY_ACCESS);
  return (access ? valuesIn(access.contents) : [])
    .map(({ contents }) => valuesOf(contents))
    .filter(([how, where]) => how?.contents.toString('hex') === RESPONDER && where?.tag === TAG.url)
    .map(([, where]) => where?.contents.subarray(0, 1_000).toString('latin1') ?? '')
    .filter((url) => url.startsWith('http://'))
    .slice(0, MOST_URLS);
}

/** A leaf and who issued it. */
export interface Issued {
  readonly leaf: X509Certificate;
  readonly issuer: X509Certificate;
}

/** How a certificate is called in questions and answers (RFC 6960 4.1.1). */
interface CertName {
  readonly issuerNameHash: Buffer;
  readonly issuerKeyHash: Buffer;
  readonly serial: Buffer;
}

/** SHA-1 is what every responder knows (RFC 5019 2.1.1), and nothing rests on it: the answer is signed. */
function nameOf({ leaf, issuer }: Issued): CertName | undefined {
  const [signed] = valuesIn(leaf.raw);
  const fields = signed ? valuesOf(signed.contents).filter(({ tag }) => tag !== TAG.first) : [];
  const [serial, , issuerName] = fields;
  const [, key] = valuesIn(issuer.publicKey.export({ type: 'spki', format: 'der' }));
  if (!serial || !issuerName || !key) return undefined;
  return {
    issuerNameHash: sha1(issuerName.whole),
    issuerKeyHash: sha1(key.contents.subarray(1)),
    serial: serial.contents,
  };
}

const sha1 = (bytes: Buffer): Buffer => createHash('sha1').update(bytes).digest();

/** The URL that asks a responder of a leaf (RFC 6960 A.1). Undefined: the leaf cannot be read. */
export async function questionUrl(responder: string, issued: Issued): Promise<string | undefined> {
  const name = ifDer(() => nameOf(issued), undefined);
  if (!name) return undefined;
  const [{ CertID, OCSPRequest, Request, TBSRequest }, { AsnConvert, OctetString }, x509] = await libraries();
  const reqCert = new CertID({
    hashAlgorithm: new x509.AlgorithmIdentifier({ algorithm: SHA1, parameters: null }),
    issuerNameHash: new OctetString(name.issuerNameHash),
    issuerKeyHash: new OctetString(name.issuerKeyHash),
    serialNumber: new Uint8Array(name.serial).buffer,
  });
  const tbsRequest = new TBSRequest({ requestList: [new Request({ reqCert })] });
  const der = AsnConvert.serialize(new OCSPRequest({ tbsRequest }));
  const path = encodeURIComponent(Buffer.from(der).toString('base64'));
  return `${responder}${responder.endsWith('/') ? '' : '/'}${path}`;
}

/** Reads what a responder says of a leaf, in DER; in words why it counts for nothing. Never rejects. */
export async function readOcsp(der: Buffer, issued: Issued, now: Date): Promise<RevocationAnswer | string> {
  try {
    return await readAnswer(der, issued, now);
  } catch {
    return 'it is no answer of OCSP in DER';
  }
}

async function readAnswer(der: Buffer, issued: Issued, now: Date): Promise<RevocationAnswer | string> {
  const [{ OCSPResponse, ResponseData }, { AsnConvert }] = await libraries();
  const { responseStatus, responseBytes } = AsnConvert.parse(der, OCSPResponse);
  const refusal = REFUSALS[responseStatus];
  if (refusal !== undefined) return `the responder says ${refusal}`;
  if (responseBytes?.responseType !== BASIC) return 'it is an answer of another kind';
  const [signed, ...proof] = valuesIn(Buffer.from(responseBytes.response.buffer));
  if (!signed || !isOfIssuer(signed, proof, issued.issuer, now))
    return 'it is not signed for the issuer of the leaf';
  const isOfLeaf = matching(issued);
  const one = AsnConvert.parse(signed.whole, ResponseData).responses.find(({ certID }) => isOfLeaf(certID));
  return one ? toAnswer(one, issued, now) : 'it says nothing of the leaf';
}

function matching(issued: Issued): (said: CertID) => boolean {
  const name = nameOf(issued);
  const serial = toSerial(issued.leaf.serialNumber);
  return ({ hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }) =>
    name !== undefined &&
    hashAlgorithm.algorithm === SHA1 &&
    name.issuerNameHash.equals(Buffer.from(issuerNameHash.buffer)) &&
    name.issuerKeyHash.equals(Buffer.from(issuerKeyHash.buffer)) &&
    toSerial(Buffer.from(serialNumber).toString('hex')) === serial;
}

function toAnswer(said: SingleResponse, { leaf }: Issued, now: Date): RevocationAnswer | string {
  const { certStatus, thisUpdate, nextUpdate } = said;
  const isLate = nextUpdate ? nextUpdate < now : after(thisUpdate, OLDEST) < now;
  if (thisUpdate > after(now, SKEW) || isLate) return 'it is not of now';
  if (certStatus.unknown !== undefined) return 'the responder does not know the leaf';
  if (!certStatus.revoked) return { revoked: new Map(), nextUpdate };
  const { revocationTime: on, revocationReason } = certStatus.revoked;
  const reason = revocationReason && REASONS[revocationReason.reason];
  return { revoked: new Map([[toSerial(leaf.serialNumber), { on, reason }]]), nextUpdate };
}

/** Whether the issuer signed, or a key to which it gave a certificate for that (RFC 6960 4.2.2.2). */
function isOfIssuer(
  signed: DerValue,
  proof: readonly DerValue[],
  issuer: X509Certificate,
  now: Date,
): boolean {
  if (isSigned(signed, proof, issuer.publicKey)) return true;
  const [, , given] = proof;
  const certificates = given?.tag === TAG.first ? valuesIn(given.contents) : [];
  return certificates
    .slice(0, 4)
    .map(({ whole }) => new X509Certificate(whole))
    .filter((one) => mayAnswer(one, issuer, now))
    .some((one) => isSigned(signed, proof, one.publicKey));
}

function mayAnswer(one: X509Certificate, issuer: X509Certificate, now: Date): boolean {
  // Undefined where the certificate has no such extension, whatever the types say.
  const uses: readonly string[] | undefined = one.keyUsage;
  return (
    (uses?.includes(ANSWERS) ?? false) &&
    one.checkIssued(issuer) &&
    one.verify(issuer.publicKey) &&
    one.validFromDate <= after(now, SKEW) &&
    one.validToDate >= now
  );
}

/** Loaded when the first leaf names a responder and no list: most never do. */
const libraries = () =>
  Promise.all([
    import('@peculiar/asn1-ocsp'),
    import('@peculiar/asn1-schema'),
    import('@peculiar/asn1-x509'),
  ]);
