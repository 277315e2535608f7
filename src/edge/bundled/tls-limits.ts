/** What the handshakes of a name may be: the edge's own choice, changed by what the name's custom hostname says. */
import { getCiphers } from 'node:tls';
import { Fault } from '../../kit/fault.ts';
import { type HostnameTls, TLS_VERSIONS, type TlsVersion } from '../../pack/hostname-tls.ts';

/** Limits of handshakes. */
export interface TlsLimits {
  readonly minVersion: TlsVersion;
  readonly maxVersion?: TlsVersion | undefined;
  /** Suites of versions below 1.3, the one liked most first; none: such a client finds none. */
  readonly suites: readonly string[];
}

/** Forward secrecy and AEAD alone; ECDSA before RSA, so that a client that takes both is shown ECDSA. */
const SUITES = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
];
/** What TLS 1.0 and 1.1 have with forward secrecy. */
const OLD_SUITES = ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA'];
const USUAL: TlsVersion = '1.2';

/** Those that this build of OpenSSL has. */
const KNOWN = new Set(getCiphers().map((name) => name.toUpperCase()));

/**
 * Handshakes of a name: TLS 1.2 and 1.3 with the edge's suites, unless its hostname says otherwise; a version below 1.2 is taken from
 * `lowest` on.
 */
export function limitsOf(tls: HostnameTls = {}, lowest: TlsVersion = USUAL): TlsLimits {
  const { minVersion: wanted = USUAL, maxVersion, ciphers } = tls;
  const minVersion = wanted < lowest ? lowest : wanted;
  const own = minVersion < USUAL ? [...SUITES, ...OLD_SUITES] : SUITES;
  return { minVersion, maxVersion, suites: ciphers?.filter((one) => KNOWN.has(one)) ?? own };
}

/** Reads the lowest version that hostnames may have. Throws `configuration`. */
export function toLowestTls(text: string): TlsVersion {
  const known = TLS_VERSIONS.find((one) => one === text);
  if (known !== undefined && known <= USUAL) return known;
  throw new Fault('configuration', `--lowest-tls '${text.slice(0, 40)}' must be 1.0, 1.1 or 1.2`);
}
