/** Our responder with a small zone, and a client that sends it any bytes. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import packet, { type Packet, type Question } from 'dns-packet';
import type { ResponderSource } from '../../../src/dns/dns.ts';
import { OPT } from '../../../src/dns/message/message.ts';
import { startResponder } from '../../../src/dns/server/responder.ts';
import { newLog } from '../../../src/kit/log.ts';

export const HOST = '127.0.74.1';
export const ZONE = 'dcv.example';
const published = new Map([
  ['one.dcv.example', ['value']],
  ['two.dcv.example', ['first', 'second']],
  ['many.dcv.example', Array.from({ length: 60 }, (_, n) => `${n}-${'x'.repeat(40)}`)],
  ['deep.a.b.dcv.example', ['value']],
]);
export const source: ResponderSource = {
  lookUp: async (name) => {
    if (name === 'broken.dcv.example') throw new Error('no database');
    if (name !== ZONE && !name.endsWith(`.${ZONE}`)) return undefined;
    const hasBelow = [...published.keys()].some((key) => key.endsWith(`.${name}`));
    return { zone: ZONE, txt: published.get(name) ?? [], hasBelow };
  },
};
export const log = newLog('silent');
export const nameServers = [
  { name: 'ns1.dcv.example', addresses: ['192.0.2.1', '2001:db8::1'] },
  { name: 'ns2.elsewhere.example', addresses: ['192.0.2.2'] },
];
/** Our responder on a port of its own. */
export const start = (responsesPerSecond = 0) =>
  startResponder({ listen: [{ host: HOST, port: 0 }], source, nameServers, log, responsesPerSecond });

/** The reply to a datagram, or undefined when none comes within `ms`. */
export async function send(bytes: Uint8Array, to: number, ms = 1_000): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  socket.on('message', (reply) => resolve(reply));
  socket.send(bytes, to, HOST);
  const reply = await promise;
  clearTimeout(timer);
  socket.close();
  return reply;
}

interface Told extends packet.DecodedPacket {
  readonly rcode: number;
}

/** A reply, decoded. */
export function told(bytes: Buffer | undefined): Told {
  assert.ok(bytes, 'no reply');
  return { ...packet.decode(bytes), rcode: bytes.readUInt16BE(2) & 15 };
}

export const query = (name: string, type: Question['type'], more: Partial<Packet> = {}): Buffer =>
  packet.encode({ type: 'query', id: 7, questions: [{ name, type }], ...more });

/** An EDNS record to go with a query. */
export const opt = (udpPayloadSize: number, ednsVersion = 0) => ({
  additionals: [{ ...OPT, options: [], udpPayloadSize, ednsVersion }],
});

/** Every reply on one TCP connection, from the address `from`, to `messages`. */
export async function askTcp(
  messages: readonly Uint8Array[],
  port: number,
  from = '127.0.0.1',
): Promise<Buffer[]> {
  const socket = connect({ port, host: HOST, localAddress: from });
  const framed = messages.map((one) =>
    Buffer.concat([Buffer.from([one.length >> 8, one.length & 255]), one]),
  );
  socket.end(Buffer.concat(framed));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close', { signal: AbortSignal.timeout(5_000) });
  const replies: Buffer[] = [];
  for (let rest = Buffer.concat(chunks); rest.length > 2; rest = rest.subarray(2 + rest.readUInt16BE(0))) {
    replies.push(rest.subarray(2, 2 + rest.readUInt16BE(0)));
  }
  return replies;
}
