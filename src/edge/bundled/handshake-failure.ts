/** How connections come to no handshake. */

/** Why a client was turned away by an alert before its handshake: what it asked for, or the service is out of reach. */
export const REFUSALS = ['no_name', 'malformed_name', 'unknown_name', 'unreachable'] as const;

/** How else a connection came to no handshake; `closed` is a client that went away. */
export const FAILURES = [
  'not_tls',
  'late',
  'crowded',
  'client_crowded',
  'protocol_version',
  'no_shared_algorithm',
  'alpn',
  'client_alert',
  'key_unreachable',
  'closed',
  'other',
] as const;

export type Refusal = (typeof REFUSALS)[number];
export type HandshakeFailure = (typeof FAILURES)[number];

/** What OpenSSL ends a handshake with, in words of ours. */
const SSL_CODES: readonly (readonly [code: RegExp, why: HandshakeFailure])[] = [
  [/UNSUPPORTED_PROTOCOL|UNKNOWN_PROTOCOL|VERSION_TOO_LOW|WRONG_VERSION/, 'protocol_version'],
  [/NO_SHARED|NO_SUITABLE|NO_COMMON|NO_CIPHERS/, 'no_shared_algorithm'],
  [/NO_APPLICATION_PROTOCOL/, 'alpn'],
  [/_ALERT_/, 'client_alert'],
  [/KEY_UNREACHABLE/, 'key_unreachable'],
  [/^(?:ECONNRESET|EPIPE|ETIMEDOUT)$/, 'closed'],
];

/** What a handshake that ended with an error of Node's is counted as. */
export function failureOf(error: Error): HandshakeFailure {
  const code = 'code' in error ? String(error.code) : '';
  return SSL_CODES.find(([pattern]) => pattern.test(code))?.[1] ?? 'other';
}
