/** Addresses as options have them. */
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

/** `192.0.2.1:53` or `[2001:db8::1]:53`. */
export function toAddress(text: string): { host: string; port: number } {
  const [, v6, v4, port] = /^(?:\[([0-9a-f:.]+)\]|([^:]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = v6 ?? v4;
  if (host === undefined || Number(port) > 65_535) {
    throw new Fault('configuration', `'${text}' must be ADDRESS:PORT`);
  }
  return { host, port: Number(port) };
}
