/** What an upstream is told of a client before its first byte: the PROXY protocol, version 2 (haproxy.org, proxy-protocol.txt, 2.2). */
import ipaddr from 'ipaddr.js';
import type { Ends, Shaken } from './shaken.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const VERSION_2_PROXY = 0x21;
const TCP_OVER = { ipv4: 0x11, ipv6: 0x21 } as const;

/** Types of what follows the addresses (2.2.1 to 2.2.5). */
const ALPN = 0x01;
const AUTHORITY = 0x02;
const SSL = 0x20;
const SSL_VERSION = 0x21;
const SSL_CIPHER = 0x23;

const CLIENT_SPOKE_TLS = 0x01;
/** Not 0: no certificate of the client's was verified, as none is asked for. */
const NOT_VERIFIED = [0, 0, 0, 1];

/**
 * The header for a client whose handshake is done: both ends of its connection; the protocol of ALPN, the name that is served, and
 * that TLS was spoken, with its version and cipher suite where they are known.
 */
export function proxyHeader(shaken: Shaken): Buffer {
  const { name, alpn, version, cipher } = shaken;
  const ssl = [
    Buffer.from([CLIENT_SPOKE_TLS, ...NOT_VERIFIED]),
    tlv(SSL_VERSION, version),
    tlv(SSL_CIPHER, cipher),
  ];
  const { family, addresses } = addressesOf(shaken);
  const body = Buffer.concat([
    addresses,
    tlv(ALPN, alpn),
    tlv(AUTHORITY, name),
    tlv(SSL, Buffer.concat(ssl)),
  ]);
  const head = Buffer.from([VERSION_2_PROXY, family, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([SIGNATURE, head, body]);
}

/** Type, length in two bytes, value; nothing where there is no value. */
function tlv(type: number, value: Buffer | string | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** Source, destination and their ports; both addresses are of one family, as those of one socket are. */
function addressesOf({ client, edge }: Ends) {
  const [from, to] = [ipaddr.parse(client.address), ipaddr.parse(edge.address)];
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(client.port, 0);
  ports.writeUInt16BE(edge.port, 2);
  const addresses = Buffer.concat([Buffer.from(from.toByteArray()), Buffer.from(to.toByteArray()), ports]);
  return { family: TCP_OVER[from.kind()], addresses };
}
