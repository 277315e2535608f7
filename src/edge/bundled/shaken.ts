/** What is known of a client once its handshake is done. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import ipaddr from 'ipaddr.js';
import type { Algorithm } from '../../pack/pack.ts';

/** A client's decrypted bytes. */
export interface Decrypted extends Duplex {
  /** Calls back after so long without a byte either way. */
  setTimeout(ms: number, idle: () => void): this;
}

/** One end of a TCP connection. */
export interface Endpoint {
  /** In its shortest form; IPv4 inside IPv6 is IPv4. */
  readonly address: string;
  readonly port: number;
}

/** The two ends of a client's connection. */
export interface Ends {
  readonly client: Endpoint;
  readonly edge: Endpoint;
}

/** A handshake that was done. */
export interface Shaken extends Ends {
  /** The name that is served, in lower case. */
  readonly name: string;
  /** E.g. `TLSv1.3`; undefined where a terminator shook hands: it does not tell. */
  readonly version: string | undefined;
  /** Name of the cipher suite as the RFCs have it. */
  readonly cipher: string | undefined;
  /** The protocol that was agreed on by ALPN, if any. */
  readonly alpn: string | undefined;
  /** Whether a session was taken up again, so that no certificate was shown. */
  readonly isResumed: boolean;
}

/** The ends of a connection that is open; undefined where it is closed already. The edge's is looked up when it is asked for. */
export function endsOf(socket: Socket): Ends | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return undefined;
  return {
    client: { address: shortest(remoteAddress), port: remotePort ?? 0 },
    get edge() {
      return { address: shortest(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    },
  };
}

/** Most addresses are short already. */
const shortest = (address: string): string =>
  address.includes(':') ? ipaddr.process(address.split('%', 1)[0] ?? '').toString() : address;

/**
 * What is known of `client`, whose handshake for `name` is done. Most of it is for upstreams and logs:
 * it is looked up when it is asked for, while the connection is open.
 */
export function shakenOf(client: Decrypted, name: string, ends: Ends): Shaken {
  const tls = client instanceof TLSSocket ? client : undefined;
  return {
    client: ends.client,
    get edge() {
      return ends.edge;
    },
    name,
    get version() {
      return tls?.getProtocol() ?? undefined;
    },
    get cipher() {
      return tls?.getCipher().standardName;
    },
    alpn: tls?.alpnProtocol === false ? undefined : (tls?.alpnProtocol ?? undefined),
    isResumed: tls?.isSessionReused() ?? false,
  };
}

/** Of the certificate that was shown; undefined where none was, or a terminator showed it. */
export function shownAlgorithm(client: Decrypted): Algorithm | undefined {
  if (!(client instanceof TLSSocket) || client.isSessionReused()) return undefined;
  const type = client.getX509Certificate()?.publicKey.asymmetricKeyType;
  if (type === undefined) return undefined;
  return type === 'ec' ? 'ecdsa' : 'rsa';
}
