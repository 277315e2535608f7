/** The CA by which agents and the service know each other: it certifies nothing else, and agents may not be servers. */
import 'reflect-metadata';
import {
  createHash,
  createPublicKey,
  X509Certificate as NodeCertificate,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  type PublicKeyType,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { Fault } from '../../kit/fault.ts';
import { after, days, hours, type Seconds } from '../../kit/time.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const CA_LIFE = days(3_650);
const SERVER_LIFE = days(90);
/** How long an agent's certificate is valid. */
export const AGENT_LIFE: Seconds = days(30);

/** A certificate and its private key (PKCS#8), in PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

/** A CA at work. */
export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** Lower-case hexadecimal SHA-256 of its DER. */
  readonly fingerprint: string;
  /** A certificate of a server at `host`, a name or an address, with a new key. */
  issueServer(host: string, now: Date): Promise<CertificateAndKey>;
  /** The certificate of an agent, in PEM, of the key of a request that `readRequest` read. */
  issueAgent(edgeId: string, request: AgentRequest, now: Date): Promise<string>;
}

/** A new CA. */
export async function newAuthority(now: Date): Promise<CertificateAndKey & { readonly fingerprint: string }> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    ...common('certpacks edges CA', now, CA_LIFE),
    issuer: [{ CN: ['certpacks edges CA'] }],
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    certificate: certificate.toString('pem'),
    key: await exported(keys.privateKey),
    fingerprint: fingerprintOf(Buffer.from(certificate.rawData)),
  };
}

/** Takes a CA in use that `newAuthority` made. */
export async function openAuthority({ certificate, key }: CertificateAndKey): Promise<Authority> {
  const der = Buffer.from(key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, ECDSA, false, ['sign']);
  const own = new X509Certificate(certificate);
  const issue = (name: string, publicKey: PublicKeyType, terms: Terms) =>
    X509CertificateGenerator.create({
      ...common(name, terms.now, terms.life),
      issuer: own.subject,
      publicKey,
      signingKey,
      extensions: [
        new BasicConstraintsExtension(false),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        ...terms.extensions,
      ],
    });
  return {
    certificate,
    fingerprint: fingerprintOf(Buffer.from(own.rawData)),
    async issueServer(host, now) {
      const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
      const type = isIP(host) === 0 ? ('dns' as const) : ('ip' as const);
      const extensions = [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([{ type, value: host }]),
      ];
      const made = await issue('certpacks', keys.publicKey, { now, life: SERVER_LIFE, extensions });
      return { certificate: made.toString('pem'), key: await exported(keys.privateKey) };
    },
    async issueAgent(edgeId, { publicKey }, now) {
      const extensions = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
      return (await issue(edgeId, publicKey, { now, life: AGENT_LIFE, extensions })).toString('pem');
    },
  };
}

interface Terms {
  readonly now: Date;
  readonly life: Seconds;
  readonly extensions: readonly Extension[];
}

/** An hour before now, as clocks of machines differ. */
function common(name: string, now: Date, life: Seconds) {
  const notBefore = after(now, -hours(1));
  return {
    serialNumber: `1${randomBytes(15).toString('hex')}`.slice(0, 30),
    subject: [{ CN: [name] }],
    signingAlgorithm: ECDSA,
    notBefore,
    notAfter: after(now, life),
  };
}

async function exported(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
}

const fingerprintOf = (der: Buffer): string => createHash('sha256').update(der).digest('hex');

/** A request for an agent's certificate, whose signature was seen. */
export interface AgentRequest {
  readonly publicKey: Pkcs10CertificateRequest['publicKey'];
  /** Lower-case hexadecimal SHA-256 of its SubjectPublicKeyInfo. */
  readonly keyHash: string;
}

/** Reads a request (PKCS#10 in PEM) of a key of ECDSA on P-256 or P-384. Throws `malformed_request` for any other. */
export async function readRequest(pem: string): Promise<AgentRequest> {
  try {
    const request = new Pkcs10CertificateRequest(pem);
    const { publicKey } = request;
    const { asymmetricKeyDetails } = createPublicKey({
      key: Buffer.from(publicKey.rawData),
      format: 'der',
      type: 'spki',
    });
    const isOfKind = ['prime256v1', 'secp384r1'].includes(asymmetricKeyDetails?.namedCurve ?? '');
    if (isOfKind && (await request.verify()))
      return { publicKey, keyHash: fingerprintOf(Buffer.from(publicKey.rawData)) };
  } catch {
    // Told below: what a library says of it helps nobody.
  }
  throw new Fault(
    'malformed_request',
    'csr must be a PKCS#10 request in PEM, of a key of ECDSA on P-256 or P-384, signed by that',
    { pointer: '/csr' },
  );
}

/** Whom an agent's certificate (DER) is of: the id of its edge, and the hash of its key. */
export function shownBy(der: Buffer): { readonly edgeId: string; readonly keyHash: string } | undefined {
  const certificate = new NodeCertificate(der);
  const edgeId = /^CN=([0-9a-f-]{36})$/.exec(certificate.subject)?.[1];
  if (edgeId === undefined) return undefined;
  return {
    edgeId,
    keyHash: fingerprintOf(certificate.publicKey.export({ type: 'spki', format: 'der' })),
  };
}
