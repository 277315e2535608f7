import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Where connections of a relay go on to: a unix socket. */
export type Target = string;

/** Stands between a service and its database: an address that can lead elsewhere, or nowhere. */
export interface Relay {
  readonly port: number;
  /** New connections go to another server from now on; those that are open live on where they are. */
  turnTo(target: Target): void;
  /** Ends every connection and takes none any more. */
  close(): void;
  /** Takes connections again. */
  open(): Promise<void>;
}

/** Starts one on loopback. */
export async function startRelay(first: Target): Promise<Relay> {
  const sockets = new Set<Socket>();
  let target = first;
  const server = createServer((client) => {
    const database = connect(target);
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    client.pipe(database).pipe(client);
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  };
  const port = await listen(0);
  return {
    port,
    turnTo: (other) => {
      target = other;
    },
    open: async () => {
      await listen(port);
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
