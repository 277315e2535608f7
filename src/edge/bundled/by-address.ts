/** Clients that tell no name (no SNI) are served by the address that they reach: which host an address stands for. */
import ipaddr from 'ipaddr.js';
import { Fault } from '../../kit/fault.ts';
import { toHostName } from './host-name.ts';

/** Hosts by the addresses of this machine that stand for them, in their shortest form. */
export type HostsByAddress = ReadonlyMap<string, string>;

/**
 * Reads `ADDRESS=HOST`, one for each address. Throws `configuration` for what is no address or no host, and for an address that is
 * said twice.
 */
export function toHostsByAddress(texts: readonly string[]): HostsByAddress {
  const hosts = new Map<string, string>();
  for (const text of texts) {
    const [address = '', host = ''] = text.split('=', 2);
    const [at, name] = [shortest(address), toHostName(host)];
    if (at === undefined || name === undefined)
      throw refused(text, 'must be ADDRESS=HOST, e.g. 192.0.2.10=shop.example.com');
    if (hosts.has(at)) throw refused(text, `has an address that stands for ${hosts.get(at)} already`);
    hosts.set(at, name);
  }
  return hosts;
}

const refused = (text: string, why: string): Fault =>
  new Fault('configuration', `--address '${text}' ${why}`);

/** The host that an address of a socket stands for, if it does; IPv4 inside IPv6 is IPv4. */
export const hostAt = (hosts: HostsByAddress, address: string | undefined): string | undefined =>
  hosts.size === 0 || address === undefined ? undefined : hosts.get(shortest(address) ?? '');

/** One form for each address: without a zone index, and as short as it can be. */
function shortest(text: string): string | undefined {
  const [address = ''] = text.split('%', 1);
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address);
  return isAddress ? ipaddr.process(address).toString() : undefined;
}
