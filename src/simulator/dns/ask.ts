import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { DecodedPacket, RecordType } from 'dns-packet';
import { Fault } from '../../kit/fault.ts';
import { readMessage, writeQuestion } from './message.ts';
import { toKey } from './names.ts';

/** Where a DNS server listens. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/**
 * The server's answer to one question: over UDP, then over TCP when that was cut short.
 * Throws `dns_unreachable` when none came in time; its cause has the code `ECONNREFUSED` where nobody listens.
 */
export async function ask(
  server: ServerAddress,
  question: { readonly name: string; readonly type: RecordType },
  signal: AbortSignal,
): Promise<DecodedPacket> {
  const id = randomInt(0x1_0000);
  const message = writeQuestion(id, question.name, question.type);
  const isAnswer = (reply: DecodedPacket) =>
    reply.id === id &&
    reply.flag_qr &&
    toKey(reply.questions?.[0]?.name ?? '') === question.name &&
    reply.questions?.[0]?.type === question.type;
  try {
    const answer = await overUdp(server, message, { isAnswer, signal });
    return answer.flag_tc ? await overTcp(server, message, { isAnswer, signal }) : answer;
  } catch (cause) {
    const what = `the DNS server ${server.address} did not answer about ${question.name}`;
    throw new Fault('dns_unreachable', what, { cause });
  }
}

interface Exchange {
  readonly isAnswer: (reply: DecodedPacket) => boolean;
  readonly signal: AbortSignal;
}

async function overUdp(server: ServerAddress, message: Buffer, exchange: Exchange): Promise<DecodedPacket> {
  exchange.signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<DecodedPacket>();
  const abort = () => reject(exchange.signal.reason);
  exchange.signal.addEventListener('abort', abort, { once: true });
  // A connected socket hears that nobody listens, and nothing from anybody else.
  const socket = createSocket('udp4');
  socket.on('error', reject);
  socket.on('message', (bytes) => {
    const reply = readMessage(bytes);
    if (reply && exchange.isAnswer(reply)) resolve(reply);
  });
  socket.on('connect', () => socket.send(message));
  socket.connect(server.port, server.address);
  try {
    return await promise;
  } finally {
    exchange.signal.removeEventListener('abort', abort);
    socket.close();
  }
}

async function overTcp(server: ServerAddress, message: Buffer, exchange: Exchange): Promise<DecodedPacket> {
  exchange.signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<DecodedPacket>();
  const socket = connect({ port: server.port, host: server.address, signal: exchange.signal });
  let received = Buffer.alloc(0);
  socket.on('error', reject);
  socket.on('close', () => reject(new Fault('dns_unreachable', 'the connection was closed')));
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    const reply = readMessage(received.subarray(2));
    if (reply && exchange.isAnswer(reply)) resolve(reply);
    else reject(new Fault('dns_unreachable', 'the answer was to another question'));
  });
  socket.write(framed(message));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** A message as TCP carries it: its length in two bytes first (RFC 1035 4.2.2). */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
