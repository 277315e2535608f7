/** A server on loopback of bare connections: for what is said without TLS, or without HTTP. Simulated CAs always speak TLS. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { After } from './simulator/world.ts';

/** Serves each connection by `serve`; the URL, of plain http, where it does. It ends with the test. */
export async function rawServer(t: After, serve: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}/`;
}
