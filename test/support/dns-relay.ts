/** Passes DNS on from one loopback address to another, so that a server can be met elsewhere than it listens. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** An address and a port. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** A running relay. */
export interface Relay {
  /** Messages over UDP and connections over TCP that came so far. */
  count(): number;
  close(): Promise<void>;
}

/** Starts a relay from `from` to `to`; `change` may alter what the server sends over TCP, chunk by chunk. */
export async function startRelay(
  from: Place,
  to: Place,
  change: (bytes: Buffer) => Buffer = (bytes) => bytes,
): Promise<Relay> {
  let count = 0;
  const open = new Set<Socket>();
  const udp = await relayUdp(from, to, () => {
    count += 1;
  });
  const tcp = await relayTcp(from, to, change, (client, back) => {
    count += 1;
    open.add(client).add(back);
  });
  const close = async () => {
    for (const socket of open) socket.destroy();
    udp.close();
    tcp.close();
    await Promise.all([once(udp, 'close'), once(tcp, 'close')]);
  };
  return { count: () => count, close };
}

async function relayUdp(from: Place, to: Place, met: () => void): Promise<UdpSocket> {
  const front = createSocket('udp4');
  front.on('message', (bytes, client) => {
    // One socket a message, closed with its answer, or after a while without one.
    const back = createSocket('udp4');
    met();
    const timer = setTimeout(() => back.close(), 5_000).unref();
    back.unref();
    back.on('error', () => undefined);
    back.on('message', (answer) => {
      clearTimeout(timer);
      front.send(answer, client.port, client.address);
      back.close();
    });
    back.send(bytes, to.port, to.address);
  });
  front.bind(from.port, from.address);
  await once(front, 'listening');
  return front;
}

async function relayTcp(
  from: Place,
  to: Place,
  change: (bytes: Buffer) => Buffer,
  met: (client: Socket, back: Socket) => void,
): Promise<Server> {
  const server = createServer((client) => {
    const back = connect({ host: to.address, port: to.port });
    met(client, back);
    for (const socket of [client, back]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        back.destroy();
      });
    }
    client.pipe(back);
    back.on('data', (bytes) => client.write(change(bytes)));
  });
  server.listen(from.port, from.address);
  await once(server, 'listening');
  return server;
}
