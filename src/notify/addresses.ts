/** What a host leads to, asked by us at each attempt: an answer is good for one. */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Says whether a message may go to an address of a host. */
export type MayReach = (address: string, host: string) => boolean;

/** Addresses of a host, IPv4 first; none where it has none. Rejects where nobody could tell. */
export type AddressesOf = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Milliseconds for one question to one server, and how often it is asked. */
const PATIENCE = { timeout: 2_000, tries: 2 };
/** Addresses of one host that are of use. */
const MOST_ADDRESSES = 8;

/**
 * Asks the DNS servers of this machine, or those that are told, as `192.0.2.1` or `192.0.2.1:53`; by sockets of its own, so that
 * a slow server of one host holds up nobody else. `localhost` is this machine (RFC 6761 6.3).
 */
export const newAddressesOf =
  (servers: readonly string[]): AddressesOf =>
  async (host, signal) => {
    if (isIP(host) !== 0) return [host];
    if (/(?:^|\.)localhost\.?$/i.test(host)) return ['127.0.0.1', '::1'];
    signal.throwIfAborted();
    const resolver = new Resolver(PATIENCE);
    if (servers.length > 0) resolver.setServers([...servers]);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      const addresses = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      const lost = found.find((one) => one.status === 'rejected' && !isNone(one.reason));
      if (addresses.length === 0 && lost?.status === 'rejected') throw lost.reason;
      return addresses.slice(0, MOST_ADDRESSES);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };

const isNone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENODATA', 'ENOTFOUND'].includes(String(error.code));
