import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Seconds } from '../../kit/time.ts';
import type { HostnameOrigin } from '../../pack/hostname-origin.ts';
import { proxyHeader } from './proxy-protocol.ts';
import type { Decrypted, Shaken } from './shaken.ts';

/** Takes a connection over once its handshake is done. */
export type Upstream = (client: Decrypted, shaken: Shaken, origin?: HostnameOrigin) => void;

/** Where decrypted bytes go. */
export interface UpstreamPlace {
  readonly host: string;
  readonly port: number;
  /** Whether it is told of each client by the PROXY protocol, version 2. */
  readonly isToldClients?: boolean;
}

/**
 * Passes bytes both ways between each client and a connection of its own to `upstream`, whatever protocol they are of; `failed` is
 * told of each of these that fails.
 */
export function passTo(
  upstream: UpstreamPlace,
  idle: Seconds,
  failed: () => void = () => undefined,
): Upstream {
  return (client, shaken) => {
    const server = connect({ host: upstream.host, port: upstream.port, allowHalfOpen: true });
    server.once('error', failed);
    if (upstream.isToldClients === true) server.write(proxyHeader(shaken));
    join(client, server, idle);
  };
}

/** Passes bytes both ways, until either side is over or nothing was passed for so long. */
export function join(client: Decrypted, server: Socket, idle: Seconds): void {
  const end = () => {
    client.destroy();
    server.destroy();
  };
  client
    .setTimeout(idle * 1_000, end)
    .on('error', end)
    .on('close', () => server.destroySoon()); // what the client sent last is still on its way
  server.on('error', end);
  client.pipe(server);
  server.pipe(client);
}

/** Answers one request of HTTP/1.1 with the name of the handshake, then closes; `longest` bounds all of it. */
export function tellName(longest: Seconds): Upstream {
  const names = new WeakMap<Duplex, string>();
  const http = createServer((request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => response.destroy());
    const text = `certpacks edge: ${names.get(request.socket)}`;
    const type = { 'content-type': 'text/plain; charset=utf-8', 'content-length': text.length };
    response.writeHead(200, { ...type, connection: 'close' }).end(text);
  });
  return (client, { name }) => {
    names.set(client, name);
    const late = setTimeout(() => client.destroy(), longest * 1_000);
    client.on('error', () => client.destroy()).once('close', () => clearTimeout(late));
    // A client that asks for nothing costs no more than its handshake.
    client.once('readable', () => http.emit('connection', client));
  };
}
