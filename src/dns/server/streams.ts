import { createServer, type Server, type Socket } from 'node:net';
import { networkOf } from '../address.ts';
import { encode, readQuery } from '../message/query.ts';
import type { Respondent } from './respond.ts';

/** Longest from one message of a connection to the next, in milliseconds (RFC 7766 6.2.3). */
const IDLE_MS = 10_000;
const MOST_CONNECTIONS = 256;
/** Connections from one /24 or /56. */
const MOST_OF_NETWORK = 64;
const MOST_MESSAGES = 10_000;
/** No question is longer, EDNS options included. */
const MOST_BYTES = 4_096;

/** A TCP server, not yet listening, that answers with the messages of RFC 7766; `close` ends its connections. */
export function newStreamServer(respondent: Respondent): { readonly server: Server; close(): Promise<void> } {
  const sockets = new Set<Socket>();
  const counts = new Map<string, number>();
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.maxConnections = MOST_CONNECTIONS;
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy());
    const network = socket.remoteAddress === undefined ? '' : networkOf(socket.remoteAddress);
    const count = (counts.get(network) ?? 0) + 1;
    if (count > MOST_OF_NETWORK) {
      socket.destroy();
      return;
    }
    counts.set(network, count);
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      const left = (counts.get(network) ?? 1) - 1;
      if (left > 0) counts.set(network, left);
      else counts.delete(network);
    });
    void serve(socket, respondent);
  });
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    await promise;
  };
  return { server, close };
}

/** Answers one connection's messages in order, until it ends or asks too much. Never rejects. */
async function serve(socket: Socket, respondent: Respondent): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), IDLE_MS);
  let left = MOST_MESSAGES;
  try {
    for await (const message of messagesOf(socket)) {
      const reply = await replyTo(message, respondent);
      left -= 1;
      if (!reply || left < 0) break;
      await send(socket, reply);
      timer.refresh();
    }
  } catch {
    // The client went away in the middle of something.
  } finally {
    clearTimeout(timer);
    socket.destroySoon();
  }
}

/** The messages of a stream, each behind its length (RFC 1035 4.2.2); ends early at one that is too long. */
async function* messagesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2) {
      const length = rest.readUInt16BE(0);
      if (length > MOST_BYTES) return;
      if (rest.length < 2 + length) break;
      yield rest.subarray(2, 2 + length);
      rest = rest.subarray(2 + length);
    }
  }
}

async function replyTo(message: Buffer, respondent: Respondent): Promise<Buffer | undefined> {
  const incoming = readQuery(message);
  if (incoming.kind === 'ignored') return undefined;
  return incoming.kind === 'odd'
    ? incoming.reply
    : respondent.respond(incoming.query, (query, answers) => encode(query, answers));
}

/** Resolves when the kernel has taken the reply, so that a client that does not read is not written for. */
async function send(socket: Socket, reply: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const length = Buffer.from([reply.length >> 8, reply.length & 255]);
  socket.write(Buffer.concat([length, reply]), () => resolve());
  await promise;
}
