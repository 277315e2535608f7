/** Addresses as options have them. */
import { BlockList, isIP } from 'node:net';
import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';

/** `ns1.example.net=192.0.2.1` for each address; names that come again have several. */
export function toNameServers(texts: readonly string[]): { name: string; addresses: string[] }[] {
  const servers = new Map<string, string[]>();
  for (const text of texts) {
    const [name = '', address = ''] = text.split('=');
    if (name === '' || address === '') {
      throw new Fault('configuration', `name_servers: '${text}' must be NAME=ADDRESS`);
    }
    servers.set(name, [...(servers.get(name) ?? []), address]);
  }
  return [...servers].map(([name, addresses]) => ({ name, addresses }));
}

/** Addresses of the edges as the world reaches them. Throws `configuration` for what is no address. */
export function publicAddressesOf({
  public_addresses: addresses,
}: Pick<Options, 'public_addresses'>): readonly string[] {
  const wrong = addresses.find((address) => isIP(address) === 0 || address.includes('%'));
  if (wrong === undefined) return addresses;
  throw new Fault(
    'configuration',
    `public_addresses: '${wrong.slice(0, 100)}' must be an IPv4 or IPv6 address`,
  );
}

/** Where customers' names are to lead. Throws `configuration` as `publicAddressesOf`. */
export const goalOf = (options: Pick<Options, 'public_addresses' | 'public_names'>) => ({
  ours: publicAddressesOf(options),
  publicNames: options.public_names.map((name) => name.toLowerCase().replace(/\.$/, '')),
});

/** `192.0.2.1:53` or `[2001:db8::1]:53`. */
export function toAddress(text: string): { host: string; port: number } {
  const [, v6, v4, port] = /^(?:\[([0-9a-f:.]+)\]|([^:]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = v6 ?? v4;
  if (host === undefined || Number(port) > 65_535) {
    throw new Fault('configuration', `'${text}' must be ADDRESS:PORT`);
  }
  return { host, port: Number(port) };
}

type Listening = Pick<Options, 'host' | 'tls_cert_file' | 'tls_host' | 'insecure_http'>;

/** Throws `configuration` where tokens would cross a network in clear, unless the operator took that upon himself. */
export function demandTls({ host, tls_cert_file, tls_host, insecure_http }: Listening): void {
  if (insecure_http || tls_cert_file !== '' || tls_host !== '' || isLoopback(host)) return;
  throw new Fault(
    'configuration',
    `the API would listen on ${host} without TLS, and tokens would cross the network in clear: set tls_cert_file and ` +
      'tls_key_file, or tls_host, or host = "127.0.0.1"; behind a proxy that ends TLS, on a network of its own, set ' +
      'insecure_http = true (--insecure-http)',
  );
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether nobody outside of this machine reaches an address. Of a name that is not known, but of `localhost`. */
function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
