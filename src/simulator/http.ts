import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';

/** The whole body; undefined when it is longer than `limit` bytes. Throws when the client goes away. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  // The connection must live on, for the client to read why its body was refused.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    length += part.length;
    if (length > limit) {
      request.resume();
      return undefined;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Listens on 127.0.0.1 and gives the port; 0 takes any. Rejects with `EADDRINUSE` when it is taken. */
export async function listenOn(server: Server, port: number): Promise<number> {
  server.listen({ host: '127.0.0.1', port, exclusive: true });
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}
