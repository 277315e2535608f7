import type { RemoteInfo, Socket } from 'node:dgram';
import { encodeForUdp, encodeTruncated, readQuery } from '../message/query.ts';
import type { Respondent } from './respond.ts';
import type { ResponseRate } from './response-rate.ts';

/** Answers every datagram of `socket`, within the rate. Never throws into the socket's events. */
export function serveDatagrams(socket: Socket, respondent: Respondent, rate: ResponseRate): void {
  let isOpen = true;
  socket.on('close', () => {
    isOpen = false;
  });
  const serve = async (bytes: Buffer, from: RemoteInfo) => {
    const reply = await replyTo(bytes, from, { respondent, rate });
    // A forged packet may come from port 0, which `send` refuses by throwing. A failed send is a lost packet.
    if (reply && isOpen && from.port > 0) socket.send(reply, from.port, from.address, () => undefined);
  };
  socket.on('message', (bytes, from) => void serve(bytes, from));
}

interface Serving {
  readonly respondent: Respondent;
  readonly rate: ResponseRate;
}

async function replyTo(
  bytes: Buffer,
  from: RemoteInfo,
  { respondent, rate }: Serving,
): Promise<Buffer | undefined> {
  const incoming = readQuery(bytes);
  if (incoming.kind === 'ignored') return undefined;
  const verdict = rate.take(from.address);
  if (verdict === 'drop') return undefined;
  if (incoming.kind === 'odd') return verdict === 'send' ? incoming.reply : undefined;
  if (verdict === 'slip') return encodeTruncated(incoming.query);
  return respondent.respond(incoming.query, encodeForUdp);
}
