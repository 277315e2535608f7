/** Protocols that are agreed on by ALPN (RFC 7301), by their names there. */
import { Fault } from '../../kit/fault.ts';

export const ALPN_PROTOCOLS = ['h2', 'http/1.1'] as const;
export type AlpnProtocol = (typeof ALPN_PROTOCOLS)[number];

/** What handshakes agree on, `none` where the client asks for nothing. */
export const PROTOCOLS = [...ALPN_PROTOCOLS, 'none'] as const;

/** Reads a list of protocols, the one that is liked most first. Throws `configuration`. */
export function toAlpn(text: string): readonly AlpnProtocol[] {
  const names = text.split(',').map((name) => name.trim());
  const known = ALPN_PROTOCOLS.filter((protocol) => names.includes(protocol));
  if (known.length !== names.length)
    throw new Fault(
      'configuration',
      `--alpn '${text}' must be ${ALPN_PROTOCOLS.join(', ')}, or both with a comma`,
    );
  return known.toSorted((a, b) => names.indexOf(a) - names.indexOf(b));
}

/** What a handshake that agreed on `alpn` is counted as. */
export const toProtocol = (alpn: string | undefined): (typeof PROTOCOLS)[number] =>
  PROTOCOLS.find((protocol) => protocol === alpn) ?? 'none';

/** Protocols as they stand in handshakes (RFC 7301 3.1). */
export const alpnBytes = (protocols: readonly AlpnProtocol[]): Buffer =>
  Buffer.concat(protocols.flatMap((name) => [Buffer.of(name.length), Buffer.from(name)]));
