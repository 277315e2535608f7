import type { Socket } from 'node:net';
import { type ClientHello, readClientHello } from './client-hello.ts';

/**
 * The ClientHello that `socket` begins with, its bytes put back to be read again; `not tls` when it begins with
 * anything else, `closed` when it closes before. Waits for as long as the socket is open.
 */
export function helloOf(socket: Socket): Promise<ClientHello | 'not tls' | 'closed'> {
  const { promise, resolve } = Promise.withResolvers<ClientHello | 'not tls' | 'closed'>();
  let bytes: Buffer | undefined;
  const finish = (hello: ClientHello | 'not tls' | 'closed') => {
    socket.off('readable', look).off('close', close).off('end', close);
    resolve(hello);
  };
  const close = () => finish('closed');
  const look = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    bytes = bytes ? Buffer.concat([bytes, chunk]) : chunk;
    const hello = readClientHello(bytes);
    if (hello === 'need more') return;
    socket.unshift(bytes);
    finish(hello);
  };
  socket.on('readable', look).on('close', close).on('end', close);
  return promise;
}
