import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { isIPv6 } from 'node:net';
import { type Clock, systemClock } from '../../kit/clock.ts';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import type { ResponderSource } from '../dns.ts';
import type { OwnNameServer } from './authority.ts';
import { serveDatagrams } from './datagrams.ts';
import { Respondent } from './respond.ts';
import { ResponseRate } from './response-rate.ts';
import { newStreamServer } from './streams.ts';

/** What the responder is started with. */
export interface ResponderOptions {
  /** IP addresses to listen on, each over UDP and TCP. On a machine with several, name each: no 0.0.0.0. */
  readonly listen: readonly Listen[];
  readonly source: ResponderSource;
  /** Our name servers, at least one; the first is the primary of every zone (SOA mname). */
  readonly nameServers: readonly OwnNameServer[];
  /** Addresses of our edges, for names of proxied records; none when left out. */
  readonly publicAddresses?: readonly string[];
  readonly log: Log;
  /** For the serial number of zones; the machine's own when left out. */
  readonly clock?: Clock;
  /** UDP answers a second for each /24 or /56, 200 when left out; 0 is no limit. */
  readonly responsesPerSecond?: number;
}

interface Listen {
  /** IPv4 or IPv6 address. */
  readonly host: string;
  /** 0 picks a free one, the same for UDP and TCP. */
  readonly port: number;
}

/** A running responder. */
export interface Responder {
  /** The addresses in the order of `listen`, with the ports in use. */
  readonly addresses: readonly Listen[];
  close(): Promise<void>;
}

/**
 * Starts our authoritative DNS server for the zones of `source`: TXT for validation with a TTL of 1 s, SOA and NS at each
 * apex, addresses of our name servers, records of the zones' owners with aliases, wildcards and referrals, NODATA and
 * NXDOMAIN as RFC 2308, REFUSED for the rest. Throws `configuration`
 * where it cannot listen.
 */
export async function startResponder(options: ResponderOptions): Promise<Responder> {
  const { source, nameServers, publicAddresses = [], log, clock = systemClock() } = options;
  if (nameServers.length === 0)
    throw new Fault('configuration', 'the DNS responder needs a name server name');
  const respondent = new Respondent({ source, nameServers, publicAddresses, clock }, log);
  const rate = new ResponseRate(options.responsesPerSecond ?? 200);
  const open: Bound[] = [];
  const close = async () => {
    await Promise.all(open.map((bound) => bound.close()));
  };
  try {
    for (const listen of options.listen) open.push(await bind(listen, { respondent, rate, log }));
  } catch (error) {
    await close();
    throw error;
  }
  return { addresses: open.map(({ host, port }) => ({ host, port })), close };
}

interface Bound extends Listen {
  close(): Promise<void>;
}

interface Serving {
  readonly respondent: Respondent;
  readonly rate: ResponseRate;
  readonly log: Log;
}

/** What is to be changed, by the system's error. */
const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'ports below 1024 need CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine has no such address',
  EADDRINUSE:
    'another program listens there, often systemd-resolved: name the addresses one by one, not 0.0.0.0',
};

/** Ports that are tried for UDP and TCP alike when any will do. */
const MOST_PORTS = 10;

async function bind({ host, port }: Listen, serving: Serving): Promise<Bound> {
  for (let left = port === 0 ? MOST_PORTS : 1; ; left -= 1) {
    try {
      return await bindBoth(host, port, serving);
    } catch (cause) {
      if (left > 1) continue;
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
      const words = `the DNS responder cannot listen on ${host} port ${port} (${code})`;
      const hint = HINTS[code];
      throw new Fault('configuration', hint === undefined ? words : `${words}: ${hint}`, { cause });
    }
  }
}

async function bindBoth(host: string, port: number, serving: Serving): Promise<Bound> {
  const udp = await bindUdp(host, port);
  const bound = udp.address();
  const tcp = newStreamServer(serving.respondent);
  try {
    tcp.server.listen({ host, port: bound.port, ...v6Only(host) });
    await once(tcp.server, 'listening');
  } catch (error) {
    udp.close();
    throw error;
  }
  const report = (err: Error) =>
    serving.log.warn({ err, host, port: bound.port }, 'a DNS socket had an error');
  udp.on('error', report);
  tcp.server.on('error', report);
  serveDatagrams(udp, serving.respondent, serving.rate);
  return { host, port: bound.port, close: () => closeBoth(udp, tcp) };
}

async function bindUdp(host: string, port: number): Promise<Socket & { address(): AddressInfo }> {
  const family = isIPv6(host) ? 'udp6' : 'udp4';
  const socket = createSocket({ type: family, recvBufferSize: 1 << 20, ...v6Only(host) });
  try {
    socket.bind({ address: host, port });
    await once(socket, 'listening');
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** `::` leaves IPv4 to `0.0.0.0`. The kernel refuses the option on IPv4 sockets. */
const v6Only = (host: string) => (isIPv6(host) ? { ipv6Only: true } : {});

async function closeBoth(udp: Socket, tcp: { close(): Promise<void> }): Promise<void> {
  const closed = once(udp, 'close');
  udp.close();
  await Promise.all([closed, tcp.close()]);
}
