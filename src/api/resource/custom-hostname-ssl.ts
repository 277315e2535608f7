/** `ssl` of a custom hostname as clients send it: each fault in the code that the documentation has for it. */
import { Fault, type FaultName } from '../../kit/fault.ts';
import type { GivenPair } from '../../operation/hostname-certificates.ts';
import { CIPHER_SUITES } from '../../pack/cipher-suites.ts';
import { LONGEST_UPLOAD } from '../../pack/custom-certificate.ts';
import type { SslSettings } from '../../pack/custom-hostname.ts';
import { TLS_VERSIONS, unshownBy } from '../../pack/hostname-tls.ts';
import {
  BUNDLE_METHODS,
  type BundleMethod,
  CERTIFICATE_AUTHORITIES,
  type CertificateAuthority,
} from '../../pack/pack.ts';
import { VALIDATION_METHODS, type ValidationMethod } from '../../pack/validation-method.ts';

/** What is said of certificates; undefined: nothing is. */
export interface SaidSsl {
  readonly method: ValidationMethod | undefined;
  readonly certificateAuthority: CertificateAuthority | undefined;
  readonly isBranded: boolean | undefined;
  readonly pairs: readonly GivenPair[] | undefined;
  readonly bundleMethod: BundleMethod | undefined;
  readonly wildcard: boolean | undefined;
  readonly settings: SslSettings | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refused = (fault: FaultName, field: string, what: string): Fault =>
  new Fault(fault, `ssl.${field.replaceAll('/', '.')} ${what}`, { pointer: `/ssl/${field}` });

/** Null is as good as nothing. */
const has = (value: unknown): boolean => value !== undefined && value !== null;

/** Reads `ssl`; undefined where there is none. Throws the faults of `ssl`, with pointers. */
export function readSslFields(given: unknown): SaidSsl | undefined {
  if (!has(given)) return undefined;
  if (!isFields(given)) throw new Fault('ssl_attribute', 'ssl must be an object', { pointer: '/ssl' });
  const { method, type } = given;
  if (has(method) && !VALIDATION_METHODS.some((one) => one === method))
    throw refused('ssl_method', 'method', `must be ${VALIDATION_METHODS.join(', ')}`);
  if (has(type) && type !== 'dv') throw refused('ssl_type', 'type', 'must be dv');
  if (has(method) !== has(type))
    throw refused(
      'ssl_incomplete',
      has(method) ? 'type' : 'method',
      'is missing: method and type go together',
    );
  return {
    method: VALIDATION_METHODS.find((one) => one === method),
    certificateAuthority: readAuthority(given['certificate_authority']),
    isBranded: readFlag(given, 'cloudflare_branding'),
    pairs: readPairs(given),
    bundleMethod: readBundleMethod(given['bundle_method']),
    wildcard: readFlag(given, 'wildcard'),
    settings: readSettings(given['settings']),
  };
}

/** The id of a request whose key was made here. */
function readRequest(id: unknown): string | undefined {
  if (!has(id)) return undefined;
  if (typeof id === 'string' && CSR_ID.test(id)) return id.toLowerCase();
  throw refused('ssl_csr_invalid', 'custom_csr_id', 'is no id of a certificate request');
}

const CSR_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An empty text leaves the choice to the service. */
function readAuthority(value: unknown): CertificateAuthority | undefined {
  if (!has(value) || value === '') return undefined;
  const known = CERTIFICATE_AUTHORITIES.find((one) => one === value);
  if (known) return known;
  throw refused('ssl_attribute', 'certificate_authority', `must be ${CERTIFICATE_AUTHORITIES.join(', ')}`);
}

function readFlag(given: Fields, name: 'cloudflare_branding' | 'wildcard'): boolean | undefined {
  const value = given[name];
  if (!has(value)) return undefined;
  if (typeof value === 'boolean') return value;
  throw refused('ssl_attribute', name, 'must be true or false');
}

function readBundleMethod(value: unknown): BundleMethod | undefined {
  if (!has(value)) return undefined;
  const known = BUNDLE_METHODS.find((one) => one === value);
  if (known) return known;
  throw refused('ssl_bundle_method', 'bundle_method', `must be ${BUNDLE_METHODS.join(', ')}`);
}

function readPairs(given: Fields): GivenPair[] | undefined {
  const bundle = given['custom_cert_bundle'];
  if (has(bundle)) {
    if (!Array.isArray(bundle) || bundle.length < 1 || bundle.length > 2)
      throw refused('ssl_attribute', 'custom_cert_bundle', 'must have one certificate with its key, or two');
    return bundle.map((one: unknown, i) =>
      readPair(isFields(one) ? one : {}, `/ssl/custom_cert_bundle/${i}`),
    );
  }
  const csrId = readRequest(given['custom_csr_id']);
  if (csrId !== undefined) return [pairOfRequest(given, csrId)];
  if (!has(given['custom_certificate']) && !has(given['custom_key'])) return undefined;
  return [readPair(given, '/ssl')];
}

/** A certificate whose key is kept here. */
function pairOfRequest(given: Fields, csrId: string): GivenPair {
  if (has(given['custom_key']))
    throw refused('ssl_attribute', 'custom_csr_id', 'and custom_key cannot both be: leave one of them out');
  return { ...readPair(given, '/ssl'), csrId };
}

/** A certificate with its key, from fields of the wire; the key of a custom CSR is here, and does not come. */
export function readPair(
  { custom_certificate: certificate, custom_key: sent }: Fields,
  pointer: string,
): GivenPair {
  if (!has(certificate)) throw empty(pointer);
  if (typeof certificate !== 'string' || certificate.length > LONGEST_UPLOAD)
    throw new Fault(
      'ssl_certificate_unread',
      `custom_certificate must be PEM of at most ${LONGEST_UPLOAD} characters`,
      {
        pointer: `${pointer}/custom_certificate`,
      },
    );
  const key = sent ?? undefined;
  if (key !== undefined && (typeof key !== 'string' || key.length > LONGEST_UPLOAD))
    throw new Fault('ssl_key_unread', 'custom_key must be the private key of the certificate, in PEM', {
      pointer: `${pointer}/custom_key`,
    });
  return { certificate, key, pointer };
}

const empty = (pointer: string): Fault =>
  new Fault('ssl_certificate_empty', 'custom_certificate is missing', {
    pointer: `${pointer}/custom_certificate`,
  });

const SWITCHES = [
  ['http2', 'ssl_http2'],
  ['tls_1_2_only', 'ssl_tls_1_2_only'],
  ['tls_1_3', 'ssl_tls_1_3'],
  ['early_hints', 'ssl_attribute'],
] as const satisfies readonly (readonly [string, FaultName])[];

function readSettings(given: unknown): SslSettings | undefined {
  if (!has(given)) return undefined;
  if (!isFields(given)) throw refused('ssl_attribute', 'settings', 'must be an object');
  for (const [name, fault] of SWITCHES)
    if (has(given[name]) && given[name] !== 'on' && given[name] !== 'off')
      throw refused(fault, `settings/${name}`, 'must be on or off');
  const { ciphers, min_tls_version: least } = given;
  if (has(least) && !TLS_VERSIONS.some((one) => one === least))
    throw refused('ssl_min_tls_version', 'settings/min_tls_version', `must be ${TLS_VERSIONS.join(', ')}`);
  if (has(ciphers)) checkCiphers(ciphers, least);
  const kept = ['ciphers', 'early_hints', 'http2', 'min_tls_version', 'tls_1_3'].filter((name) =>
    has(given[name]),
  );
  return demandShown(Object.fromEntries(kept.map((name) => [name, given[name]])));
}

/** Throws where certificates of an algorithm could be shown to nobody. */
function demandShown(settings: SslSettings): SslSettings {
  const [unshown] = unshownBy(settings);
  if (unshown === undefined) return settings;
  const next = `list one, or leave out ciphers or tls_1_3`;
  throw refused(
    'ssl_ciphers',
    'settings/ciphers',
    `have none for ${unshown.toUpperCase()} certificates, which nobody could be shown without TLS 1.3: ${next}`,
  );
}

function checkCiphers(ciphers: unknown, least: unknown): void {
  const at = 'settings/ciphers';
  if (!Array.isArray(ciphers)) throw refused('ssl_ciphers', at, 'must be a list of cipher suites');
  const unknown = ciphers.find((one: unknown) => !CIPHER_SUITES.some((suite) => suite === one));
  if (unknown !== undefined)
    throw refused(
      'ssl_ciphers',
      at,
      `has ${JSON.stringify(unknown).slice(0, 60)}; known are ${CIPHER_SUITES.join(', ')}`,
    );
  if (least === '1.3' && ciphers.length > 0)
    throw refused('ssl_ciphers_unused', at, 'are not chosen where min_tls_version is 1.3');
}
