/**
 * A DNS server that is measured, in a process of its own: our responder, on a database or on names in memory, or a bare socket
 * that sends back what comes. Told by its parent what to be; answers with its port.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { ResponderSource } from '../../src/dns/dns.ts';
import { startResponder } from '../../src/dns/server/responder.ts';
import { newLog } from '../../src/kit/log.ts';
import { responderSource } from '../../src/serve/sources.ts';
import { openPool } from '../../src/store/store.ts';
import { HOST } from './load.ts';

/** What a server is to be. */
export type DnsRole =
  | { readonly kind: 'echo' }
  | { readonly kind: 'memory'; readonly zone: string }
  | { readonly kind: 'database'; readonly url: string };

/** What it tells: its port or why it has none, or the processor time that it has used, in microseconds. */
export interface Told {
  readonly port?: number;
  readonly error?: string;
  readonly cpuUs?: number;
}

const tell = (said: Told): void => void process.send?.(said);

process.on('message', (asked: DnsRole | 'usage') => {
  if (asked === 'usage') {
    const { user, system } = process.cpuUsage();
    tell({ cpuUs: user + system });
  } else
    begin(asked).then(
      (port) => tell({ port }),
      (error: unknown) => tell({ error: String(error) }),
    );
});
process.on('disconnect', () => process.exit());

async function begin(role: DnsRole): Promise<number> {
  if (role.kind === 'echo') return echo();
  const source = role.kind === 'memory' ? inMemory(role.zone) : onDatabase(role.url);
  const responder = await startResponder({
    listen: [{ host: HOST, port: 0 }],
    source,
    nameServers: [{ name: 'ns1.example.net', addresses: ['192.0.2.53'] }],
    log: newLog('warn'),
    responsesPerSecond: 0,
  });
  return responder.addresses[0]?.port ?? 0;
}

async function echo(): Promise<number> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket.address().port;
}

/** Each name of the zone has an address. */
const inMemory = (zone: string): ResponderSource => ({
  lookUp: async (name) => {
    if (!name.endsWith(zone)) return undefined;
    const records =
      name === zone ? [] : [{ type: 'A', data: '192.0.2.1', ttl: 300, isProxied: false } as const];
    return { zone, txt: [], hasBelow: false, records };
  },
});

const onDatabase = (connectionString: string): ResponderSource =>
  responderSource(
    openPool({ connectionString, max: 4 }, () => undefined),
    ['', ''],
    '',
  );
