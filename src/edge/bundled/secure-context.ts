import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { ServedPack } from '../edge.ts';

/** Forward secrecy and AEAD alone; ECDSA before RSA, so that a client that takes both is shown ECDSA. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** How long a session may be taken up again. */
const SESSION_SECONDS = 7_200;

/**
 * A context that shows each client the leaf of the algorithm that it can check, ECDSA first; TLS 1.2 and 1.3. Sessions are taken up
 * by tickets (RFC 5077, RFC 8446 2.2) under random keys of this context alone: under another name, or once another context took its
 * place, they are worth nothing, and the leaf shows. Throws where the PEM texts are no chain and key that belong together.
 */
export function toSecureContext({ certificates }: ServedPack): SecureContext {
  const pairs = [certificates.ecdsa, certificates.rsa].filter((pair) => pair !== undefined);
  if (pairs.length === 0) throw new TypeError('a served pack without certificates');
  return createSecureContext({
    cert: pairs.map(({ chain }) => chain),
    key: pairs.map(({ key }) => key),
    ciphers: CIPHERS,
    honorCipherOrder: true,
    minVersion: 'TLSv1.2',
    sessionTimeout: SESSION_SECONDS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  });
}

/** Equal for packs that would make the same context. */
export function digestOf({ certificates: { ecdsa, rsa } }: ServedPack): string {
  const parts = [ecdsa?.chain, ecdsa?.key, rsa?.chain, rsa?.key];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
