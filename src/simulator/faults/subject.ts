import { X509Certificate } from 'node:crypto';
import { isObject } from '../ca/reading.ts';
import type { RequestKind } from '../ca/request-kind.ts';
import type { Exchange } from '../exchange.ts';
import type { When } from './when.ts';

/** What a request is about. */
interface Subject {
  /** Hosts as they were ordered, lower-case. */
  readonly hosts: readonly string[];
  /** Of the certificate, where that is known. */
  readonly algorithm?: 'ecdsa' | 'rsa' | undefined;
}

/** Whether a rule is for the request. */
export function isAbout(when: When, exchange: Exchange): boolean {
  const { kind, payload = {} } = exchange;
  const isOfKind = [when.on ?? kind].flat().includes(kind);
  const isWith = when.with === undefined || Object.hasOwn(payload, when.with);
  return isOfKind && isWith && isAboutSubject(when, exchange);
}

function isAboutSubject({ host, algorithm }: When, exchange: Exchange): boolean {
  if (host === undefined && algorithm === undefined) return true;
  const subject = SUBJECTS[exchange.kind]?.(exchange) ?? { hosts: [] };
  const isHost = host === undefined || subject.hosts.includes(host.toLowerCase());
  return isHost && (algorithm === undefined || subject.algorithm === algorithm);
}

const SUBJECTS: Partial<Record<RequestKind, (exchange: Exchange) => Subject>> = {
  'new-order': ({ payload }) => ({ hosts: hostsIn(payload?.['identifiers']) }),
  order: ofOrder,
  finalize: ofOrder,
  authorization: ofAuthorization,
  challenge: ofAuthorization,
  certificate: ofCertificate,
};

const hostsIn = (identifiers: unknown): string[] =>
  Array.isArray(identifiers)
    ? identifiers.map((one) => String(isObject(one) ? one['value'] : '').toLowerCase())
    : [];

function ofOrder({ ca, id, payload }: Exchange): Subject {
  const { names = [], csr } = ca.ledger.orders.get(id) ?? {};
  return { hosts: names, algorithm: algorithmOf(payload?.['csr'] ?? csr) };
}

/** The object identifier rsaEncryption (RFC 8017 A.1) as it stands in the key of a request. */
const RSA_ENCRYPTION = Buffer.from('06092a864886f70d010101', 'hex');

function algorithmOf(csr: unknown): Subject['algorithm'] {
  if (typeof csr !== 'string') return undefined;
  return Buffer.from(csr, 'base64url').includes(RSA_ENCRYPTION) ? 'rsa' : 'ecdsa';
}

function ofAuthorization({ ca, id }: Exchange): Subject {
  const found = ca.ledger.authorizations.get(id);
  return { hosts: found ? [found.isWildcard ? `*.${found.name}` : found.name] : [] };
}

function ofCertificate({ ca, id }: Exchange): Subject {
  const found = ca.ledger.certificates.get(id);
  if (!found) return { hosts: [] };
  const isRsa = new X509Certificate(found.chain).publicKey.asymmetricKeyType === 'rsa';
  return { hosts: found.hosts, algorithm: isRsa ? 'rsa' : 'ecdsa' };
}
