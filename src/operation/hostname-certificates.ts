/** Certificates that are brought for one custom hostname: read and judged, in the codes that custom hostnames have. */
import { Fault, type FaultName } from '../kit/fault.ts';
import { covers } from '../pack/hosts.ts';
import type { BundleMethod } from '../pack/pack.ts';
import { isWeak } from '../upload/bundle.ts';
import { readCertificates } from '../upload/certificates.ts';
import { readKeys } from '../upload/private-key.ts';
import type { Trust } from '../upload/trust.ts';
import { readUpload, type Upload } from '../upload/upload.ts';

/** A certificate with its key as they were sent. */
export interface GivenPair {
  readonly certificate: string;
  /** Undefined: it is kept here, as that of a request of ours. */
  readonly key: string | undefined;
  /** That request; undefined, too: the one whose key the certificate has. */
  readonly csrId?: string | undefined;
  /** Whether the key was here before, so that it may be that of a request of ours. */
  readonly isKept?: boolean | undefined;
  /** Where it stands in the request. */
  readonly pointer: string;
}

/** Whose certificates they are to be, and what they are judged by. */
export interface PairRules {
  readonly hostname: string;
  readonly bundleMethod: BundleMethod;
  readonly trust: Trust;
  readonly now: Date;
}

/**
 * Reads one or two certificates of different kinds of keys. Throws, with a pointer, the `ssl_…` fault of the documentation that says
 * what is wrong.
 */
export function readPairs(pairs: readonly GivenPair[], rules: PairRules): Upload[] {
  const uploads = pairs.map((pair) => readPair(pair, rules));
  const [first, second] = uploads;
  if (first && second && first.leaf.algorithm === second.leaf.algorithm)
    throw new Fault(
      'ssl_attribute',
      `both certificates have ${first.leaf.algorithm === 'rsa' ? 'RSA' : 'ECDSA'} keys: a second one is for clients of the other kind`,
      { pointer: '/ssl/custom_cert_bundle' },
    );
  return uploads;
}

function readPair({ certificate, key, pointer }: GivenPair, rules: PairRules): Upload {
  const { hostname, bundleMethod, trust, now } = rules;
  const at = { certificate: `${pointer}/custom_certificate`, key: `${pointer}/custom_key` };
  if (certificate.trim() === '')
    throw new Fault('ssl_certificate_empty', 'the certificate is empty', { pointer: at.certificate });
  if (key !== undefined) judge('ssl_key_unread', at.key, () => readKeys(key));
  const sent = judge('ssl_certificate_unread', at.certificate, () => readCertificates(certificate));
  if (key === undefined) throw keyless(at.key);
  const leaves = sent.filter(({ ca }) => !ca);
  if (leaves.length > 1)
    throw new Fault(
      'ssl_several_leaves',
      `${leaves.length} of the certificates are of hosts: send one, with those of its CA`,
      {
        pointer: at.certificate,
      },
    );
  if (leaves.some(isWeak))
    throw new Fault('ssl_signature', 'the certificate is signed with SHA-1 or MD5, which no client takes', {
      pointer: at.certificate,
    });
  const given = { certificate, privateKey: key, bundleMethod };
  const upload = translated(at, () => readUpload(given, { zone: around(hostname), trust, now }));
  if (upload.names.some((name) => covers(name, hostname))) return upload;
  throw missing(hostname, at.certificate);
}

/** A wildcard of the name above is for it too. */
const around = (hostname: string): string => {
  const above = hostname.slice(hostname.indexOf('.') + 1);
  return above.includes('.') ? above : hostname;
};

const keyless = (pointer: string): Fault =>
  new Fault(
    'ssl_key_unread',
    'custom_key is missing: it must be the private key of the certificate, in PEM, as no custom CSR of the zone or its account has that key',
    { pointer },
  );

const missing = (hostname: string, pointer: string): Fault =>
  new Fault('ssl_host_missing', `the certificate is not for ${hostname}`, { pointer });

/** What is wrong, as a fault of this name. */
function judge<T>(fault: FaultName, pointer: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Fault) throw new Fault(fault, error.message, { pointer });
    throw error;
  }
}

/** The faults of uploads in the codes of custom hostnames. */
const CODES: Readonly<Partial<Record<FaultName, FaultName>>> = {
  invalid_certificate: 'ssl_certificate_unread',
  no_leaf: 'ssl_no_leaf',
  invalid_private_key: 'ssl_key_mismatch',
  key_not_usable: 'ssl_signature',
  no_host_of_zone: 'ssl_host_missing',
  chain_not_bundleable: 'ssl_not_bundleable',
};

function translated<T>(at: { readonly certificate: string; readonly key: string }, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const name = error instanceof Fault ? CODES[error.fault] : undefined;
    if (!(error instanceof Fault) || name === undefined) throw error;
    const pointer = name === 'ssl_key_mismatch' ? at.key : at.certificate;
    throw new Fault(name, error.message, { pointer });
  }
}
