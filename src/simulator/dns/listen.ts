import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Fault } from '../../kit/fault.ts';
import { framed, type ServerAddress } from './ask.ts';
import { type Query, RCODE, type Reply, readQuery, writeReply } from './message.ts';

/** Answers one question. */
export type Answerer = (query: Query) => Reply | Promise<Reply>;

/** A DNS server that listens on one address, UDP and TCP. */
export interface DnsListener {
  close(): Promise<void>;
}

/** Both sockets of one address, bound and not yet answering. Throws `configuration` when the port is taken. */
export interface BoundSockets {
  readonly udp: UdpSocket;
  readonly tcp: Server;
}

/** Takes UDP and TCP of one address and port, so that nobody else can. Throws `configuration` when it is taken. */
export async function bind(at: ServerAddress): Promise<BoundSockets> {
  const udp = createSocket('udp4');
  const tcp = createServer();
  try {
    udp.bind({ address: at.address, port: at.port, exclusive: true });
    await once(udp, 'listening');
    tcp.listen({ host: at.address, port: at.port, exclusive: true });
    await once(tcp, 'listening');
  } catch (cause) {
    udp.close();
    tcp.close();
    const what = `DNS cannot listen on ${at.address} port ${at.port} (UDP and TCP): the port is taken; choose another`;
    throw new Fault('configuration', what, { cause });
  }
  return { udp, tcp };
}

/** Frees both sockets. */
export async function release({ udp, tcp }: BoundSockets): Promise<void> {
  const closed = [once(udp, 'close'), once(tcp, 'close')];
  udp.close();
  tcp.close();
  await Promise.all(closed);
}

/** Answers whatever arrives on bound sockets until closed. */
export function serve(sockets: BoundSockets, answer: Answerer): DnsListener {
  const { udp, tcp } = sockets;
  const connections = new Set<Socket>();
  udp.on('error', () => undefined);
  udp.on('message', (message, from) => void answerUdp(udp, { message, from }, answer));
  tcp.on('error', () => undefined);
  tcp.maxConnections = MOST_CONNECTIONS;
  tcp.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveConnection(socket, answer);
  });
  return {
    async close() {
      for (const socket of connections) socket.destroy();
      await release(sockets);
    },
  };
}

const MOST_CONNECTIONS = 200;

async function answerUdp(
  udp: UdpSocket,
  { message, from }: { readonly message: Buffer; readonly from: RemoteInfo },
  answer: Answerer,
): Promise<void> {
  const reply = await replyTo(message, answer, (query) => query.udpSize);
  if (!reply) return;
  try {
    // The asker may be gone; UDP has nobody to tell.
    udp.send(reply, from.port, from.address, () => undefined);
  } catch {
    // The server was closed while the answer was looked up.
  }
}

/** Milliseconds without a byte after which a TCP connection is closed. */
const IDLE_MS = 5_000;
const LONGEST_MESSAGE = 65_535;

function serveConnection(socket: Socket, answer: Answerer): void {
  let received = Buffer.alloc(0);
  let isAnswering = false;
  const work = async () => {
    isAnswering = true;
    for (let message = take(); message; message = take()) {
      const reply = await replyTo(message, answer, () => LONGEST_MESSAGE);
      if (!reply) socket.destroy();
      else if (!socket.destroyed) socket.write(framed(reply));
    }
    isAnswering = false;
    socket.resume();
  };
  const take = () => {
    const isWhole = received.length >= 2 && received.length >= 2 + received.readUInt16BE(0);
    if (socket.destroyed || !isWhole) return undefined;
    const end = 2 + received.readUInt16BE(0);
    const message = received.subarray(2, end);
    received = received.subarray(end);
    return message;
  };
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    if (received.length > 2 * LONGEST_MESSAGE) socket.pause();
    if (!isAnswering) void work();
  });
}

async function replyTo(
  message: Buffer,
  answer: Answerer,
  limitOf: (query: Query) => number,
): Promise<Buffer | undefined> {
  const query = readQuery(message);
  if (query === undefined || Buffer.isBuffer(query)) return query;
  try {
    return writeReply(query, await answer(query), limitOf(query));
  } catch {
    return writeReply(query, { rcode: RCODE.SERVFAIL }, limitOf(query));
  }
}
