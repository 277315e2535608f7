import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { der, oid, readAll, TAG } from '../acme/der.ts';

const EXTENSION_REQUEST = oid('1.2.840.113549.1.9.14');
const SUBJECT_ALT_NAME = oid('2.5.29.17');
const COMMON_NAME = oid('2.5.4.3');
/** Longest common name (RFC 5280 A.1). */
const LONGEST_COMMON_NAME = 64;
/** Tags of texts. */
const [UTF8_STRING, PRINTABLE_STRING] = [0x0c, 0x13];
const ECDSA_WITH_SHA256 = der(TAG.sequence, oid('1.2.840.10045.4.3.2'));
const SHA256_WITH_RSA = der(TAG.sequence, oid('1.2.840.113549.1.1.11'), der(TAG.null));

/** Tag of a dNSName in a GeneralName (RFC 5280 4.2.1.6). */
export const DNS_NAME = 0x82;

/** Parts of a subject beside the common name (RFC 5280 A.1), by their names, in the order in which they stand. */
const SUBJECT = {
  country: oid('2.5.4.6'),
  state: oid('2.5.4.8'),
  locality: oid('2.5.4.7'),
  organization: oid('2.5.4.10'),
  organizational_unit: oid('2.5.4.11'),
  common_name: COMMON_NAME,
} as const;
type SubjectPart = keyof typeof SUBJECT;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant are known
const SUBJECT_PARTS = Object.keys(SUBJECT) as SubjectPart[];

/** What is in a request beside key and names. */
export interface CsrOptions {
  /** A whole subject, in place of what follows; a country is two letters. */
  readonly subject?: Readonly<Partial<Record<SubjectPart, string | undefined>>>;
  /** Whether the first name that fits is also the subject's common name; else the subject is empty. */
  readonly hasCommonName?: boolean;
  /** The name that is the common name, in place of that. */
  readonly commonName?: string | undefined;
}

/** A private EC or RSA key; or one that is elsewhere, by its public half and by who signs with SHA-256. */
export type CsrKey =
  | KeyObject
  | { readonly publicKey: KeyObject; readonly sign: (content: Buffer) => Promise<Buffer> };

/**
 * A certificate request (PKCS#10, RFC 2986) in DER for `names` in A-labels, as subject alternative names. Signed with SHA-256
 * by `key`. Throws as that does.
 */
export async function createCsr(
  key: CsrKey,
  names: readonly string[],
  options: CsrOptions = {},
): Promise<Buffer> {
  const publicKey = 'sign' in key ? key.publicKey : createPublicKey(key);
  const algorithm = publicKey.asymmetricKeyType === 'ec' ? ECDSA_WITH_SHA256 : SHA256_WITH_RSA;
  const info = der(
    TAG.sequence,
    der(TAG.integer, Buffer.from([0])),
    der(TAG.sequence, ...subjectOf(options.subject ?? { common_name: commonNameIn(names, options) })),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa0, der(TAG.sequence, EXTENSION_REQUEST, der(TAG.set, extensionsOf(names)))),
  );
  const made = 'sign' in key ? await key.sign(info) : await signed(info, key);
  const signature = Buffer.concat([Buffer.from([0]), made]);
  return der(TAG.sequence, info, algorithm, der(TAG.bits, signature));
}

function commonNameIn(
  names: readonly string[],
  { hasCommonName = false, commonName }: CsrOptions,
): string | undefined {
  if (commonName !== undefined || !hasCommonName) return commonName;
  const fitting = names.filter(fits);
  return fitting.find((one) => !one.startsWith('*.')) ?? fitting[0];
}

function subjectOf(subject: NonNullable<CsrOptions['subject']>): Buffer[] {
  return SUBJECT_PARTS.flatMap((part) => {
    const text = subject[part];
    if (text === undefined) return [];
    const tag = part === 'country' ? PRINTABLE_STRING : UTF8_STRING;
    return [der(TAG.set, der(TAG.sequence, SUBJECT[part], der(tag, Buffer.from(text))))];
  });
}

const fits = ({ length }: string): boolean => length <= LONGEST_COMMON_NAME;

/** The public key of a request of ours. */
export function publicKeyIn(csr: Buffer): KeyObject {
  const [request] = readAll(csr);
  const [info] = readAll(request?.contents ?? Buffer.alloc(0));
  const [, , key] = readAll(info?.contents ?? Buffer.alloc(0));
  return createPublicKey({
    key: der(TAG.sequence, key?.contents ?? Buffer.alloc(0)),
    type: 'spki',
    format: 'der',
  });
}

/** Whether a request of ours for these names has a common name, or none, as these options want it. */
export function isAsWanted(csr: Buffer, names: readonly string[], options: CsrOptions): boolean {
  const [request] = readAll(csr);
  const [info] = readAll(request?.contents ?? Buffer.alloc(0));
  const [, subject] = readAll(info?.contents ?? Buffer.alloc(0));
  return (subject?.contents.length ?? 0) > 0 === (commonNameIn(names, options) !== undefined);
}

/** RSA takes most of a millisecond, so that is done off the event loop; to send P-256 there takes longer than it does. */
function signed(info: Buffer, key: KeyObject): Promise<Buffer> | Buffer {
  if (key.asymmetricKeyType === 'ec') return sign('sha256', info, key);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  sign('sha256', info, key, (error, signature) => (error ? reject(error) : resolve(signature)));
  return promise;
}

function extensionsOf(names: readonly string[]): Buffer {
  const general = der(TAG.sequence, ...names.map((name) => der(DNS_NAME, Buffer.from(name, 'ascii'))));
  return der(TAG.sequence, der(TAG.sequence, SUBJECT_ALT_NAME, der(TAG.octets, general)));
}
