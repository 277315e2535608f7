import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls';
import type { TlsVersion } from '../../pack/hostname-tls.ts';
import type { ServedPack } from '../edge.ts';
import { limitsOf, type TlsLimits } from './tls-limits.ts';

/** Of TLS 1.3. */
const LATEST_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

const VERSIONS: Readonly<Record<TlsVersion, SecureVersion>> = {
  '1.0': 'TLSv1',
  '1.1': 'TLSv1.1',
  '1.2': 'TLSv1.2',
  '1.3': 'TLSv1.3',
};

/** How long a session may be taken up again. */
const SESSION_SECONDS = 7_200;

/**
 * A context that shows each client the leaf of the algorithm that it can check, ECDSA first, within limits. These hold where a
 * connection begins with the context: one that is put in its place on the way (SNICallback) brings neither versions nor suites. Sessions are taken up
 * by tickets (RFC 5077, RFC 8446 2.2) under random keys of this context alone: under another name, or once another context took its
 * place, they are worth nothing, and the leaf shows. Throws where the PEM texts are no chain and key that belong together.
 */
export function toSecureContext({ certificates }: ServedPack, limits: TlsLimits = limitsOf()): SecureContext {
  const pairs = [certificates.ecdsa, certificates.rsa].filter((pair) => pair !== undefined);
  if (pairs.length === 0) throw new TypeError('a served pack without certificates');
  return createSecureContext({
    cert: pairs.map(({ chain }) => chain),
    key: pairs.map(({ key }) => key),
    ciphers: ciphersOf(limits),
    honorCipherOrder: true,
    minVersion: VERSIONS[limits.minVersion],
    ...(limits.maxVersion && { maxVersion: VERSIONS[limits.maxVersion] }),
    sessionTimeout: SESSION_SECONDS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  });
}

/** OpenSSL makes the signatures of TLS 1.0 and 1.1 on its lowest level alone. Without suites below TLS 1.3 Node speaks that alone. */
const ciphersOf = ({ minVersion, suites }: TlsLimits): string =>
  [...LATEST_SUITES, ...suites, ...(minVersion < '1.2' ? ['@SECLEVEL=0'] : [])].join(':');

/** Equal for packs that would make the same context. */
export function digestOf({ certificates: { ecdsa, rsa }, tls, origin }: ServedPack): string {
  const parts = [ecdsa?.chain, ecdsa?.key, rsa?.chain, rsa?.key, tls, origin];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
