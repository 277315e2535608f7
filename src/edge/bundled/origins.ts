/**
 * Origins of custom hostnames. Whoever has a hostname says where its clients go, so that only what the operator lets be reached is:
 * each address is judged when a connection to it is made, whatever name led there.
 */
import dns from 'node:dns/promises';
import { connect, type LookupFunction, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import ipaddr from 'ipaddr.js';
import { isAddress, isAllowed } from '../../dns/address.ts';
import type { Seconds } from '../../kit/time.ts';
import { type HostnameOrigin, MOST_ORIGIN_ADDRESSES } from '../../pack/hostname-origin.ts';
import type { Shaken } from './shaken.ts';
import { join, type Upstream } from './upstream.ts';

/** How origins are reached. */
export interface OriginTerms {
  /** Networks that may be reached beside public addresses, in CIDR notation. */
  readonly networks: readonly string[];
  readonly port: number;
  /** Certificates of CAs, in PEM, by which origins are known; undefined: those that Node knows. 'plain': there is no TLS. */
  readonly trust: string | undefined;
}

/** Time for the address, the connection and the handshake together. */
const PATIENCE: Seconds = 10;

/** Passes bytes to the origin of a name where it has one, else to `usual`. A connection that may not be, or fails, ends the client's. */
export const passToOrigins =
  (
    terms: OriginTerms,
    usual: Upstream,
    { idle, failed }: { readonly idle: Seconds; readonly failed: () => void },
  ): Upstream =>
  (client, shaken, origin) => {
    if (!origin) return usual(client, shaken);
    const giveUp = () => {
      clearTimeout(late);
      client.destroy();
      server.destroy();
    };
    const server = open(terms, shaken, origin, () => {
      clearTimeout(late);
      // From here on what one side sent last goes on to the other.
      for (const one of [client, server]) one.off('close', giveUp);
      join(client, server, idle);
    });
    const late = setTimeout(() => server.destroy(new Error('late')), PATIENCE * 1_000);
    server.once('error', failed);
    for (const one of [client, server]) one.on('error', giveUp).once('close', giveUp);
  };

function open(
  { networks, port, trust }: OriginTerms,
  { name, alpn }: Shaken,
  { name: host, sni = name, at }: HostnameOrigin,
  ready: () => void,
): Socket {
  const to = { host, port, lookup: lookupIn(at, networks), allowHalfOpen: true };
  if (trust === 'plain') {
    return connect(to).once('connect', ready);
  }
  const protocols = alpn === undefined ? {} : { ALPNProtocols: [alpn] };
  const socket = connectTls({
    ...to,
    ...protocols,
    servername: sni,
    ...(trust !== undefined && { ca: trust }),
  });
  return socket.once('secureConnect', () => {
    // Without an agreement HTTP/1.1 is meant, which is not what this client speaks.
    if (alpn === 'h2' && socket.alpnProtocol !== 'h2') socket.destroy(new Error('no h2'));
    else ready();
  });
}

/** Gives a connection the addresses alone that it may have: those that are judged are those that are connected to. */
const lookupIn =
  (at: readonly string[], networks: readonly string[]): LookupFunction =>
  (_host, { all = false }, give) =>
    void look({ at, networks, all }, give);

interface Look {
  readonly at: readonly string[];
  readonly networks: readonly string[];
  readonly all: boolean;
}

async function look({ at, networks, all }: Look, give: Parameters<LookupFunction>[2]): Promise<void> {
  try {
    const found = await allowedOf(at, networks);
    const [first] = found;
    if (!first) give(new Error('it leads to no address that may be reached'), '', 0);
    else if (all) give(null, found);
    else give(null, first.address, first.family);
  } catch (error) {
    give(error instanceof Error ? error : new Error('not found'), '', 0);
  }
}

async function allowedOf(at: readonly string[], networks: readonly string[]) {
  const found = await Promise.all(at.map(async (one) => (isAddress(one) ? [one] : await addressesOf(one))));
  const own = ownAddresses();
  return found.flat().flatMap((text) => {
    const address = isAddress(text) ? ipaddr.process(text).toString() : '';
    if (!mayReach(address, networks, own)) return [];
    return { address, family: address.includes(':') ? 6 : 4 };
  });
}

/** Asked of the DNS itself: `lookup` takes one of the few threads of the process, and a tenant's slow name servers would take them all. */
async function addressesOf(name: string): Promise<string[]> {
  const found = await Promise.allSettled([dns.resolve4(name), dns.resolve6(name)]);
  const all = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  return all.slice(0, MOST_ORIGIN_ADDRESSES);
}

/** Answers each virtual machine of Azure with what it is given to know, keys too, and looks public (Azure, IP address 168.63.129.16). */
const OF_THE_HOST = '168.63.129.16';

/** Public addresses but this machine's own, by which an edge would send clients to itself, and those of the operator's networks. */
export function mayReach(address: string, networks: readonly string[], own: ReadonlySet<string>): boolean {
  if (address === OF_THE_HOST) return false;
  return isAllowed(address, networks) && !(own.has(address) && isAllowed(address, []));
}

const ownAddresses = (): ReadonlySet<string> =>
  new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)));
