import { Fault } from '../../kit/fault.ts';
import { codeOf } from './whole-file.ts';

/** What a connection ended with, in words for whoever runs the machine. */
const WORDS: readonly (readonly [code: RegExp, words: string])[] = [
  [
    /^CERT_NOT_YET_VALID$/,
    'its certificate is not valid yet by the clock of this machine: set the clock right (timedatectl)',
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    'its certificate is no longer valid by the clock of this machine: set the clock right, or restart the service',
  ],
  [
    /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_\w+|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED)$/,
    'it does not show a certificate of the CA by which it is known: this is not the service, or somebody is in between',
  ],
  [
    /ALERT_(?:CERTIFICATE_EXPIRED|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNKNOWN_CA|CERTIFICATE_REQUIRED|ACCESS_DENIED|CERTIFICATE_REVOKED)$/,
    'it does not take the certificate of this agent: where this machine was away for longer than that was good for, or was removed, enrol it anew',
  ],
  [/^INVALID_PURPOSE$/, 'it shows the certificate of an agent, not of the service'],
  [/^ECONNREFUSED$/, 'nobody listens there'],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, 'its name is not found in DNS'],
  [/^(?:EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/, 'there is no way to it from this machine'],
  [/^(?:ERR_SSL_\w+|EPROTO)$/, 'it does not speak TLS 1.3: is this the port for agents?'],
  [/^ERR_HTTP2_\w+$/, 'it does not speak HTTP/2 as agreed, or broke off'],
];

/** `service_unreachable` for what a connection to the service ended with. */
export function unreachable(address: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const code = codeOf(cause);
  const plain = cause instanceof Error && code === '' ? PLAIN[cause.message] : undefined;
  const words = WORDS.find(([pattern]) => pattern.test(code))?.[1] ?? plain ?? 'the connection broke off';
  const shown = code === '' ? '' : ` (${code})`;
  return new Fault('service_unreachable', `the service at ${address}: ${words}${shown}`, { cause });
}

/** Errors of our own, by what they say. */
const PLAIN: Readonly<Record<string, string | undefined>> = {
  late: 'it does not answer in time',
  silent: 'it fell silent',
};
