import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Fault } from '../../src/kit/fault.ts';
import { portsToTry } from '../../src/simulator/ports.ts';

/**
 * Starts something at a port that stays its own while it is stopped for a while: no system hands such ports out to
 * others. `start` throws `configuration` where the port is taken.
 */
export async function atFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (const port of portsToTry()) {
    try {
      return await start(port);
    } catch (error) {
      if (!(error instanceof Fault && error.fault === 'configuration')) throw error;
    }
  }
  throw new Error('none of forty ports is free');
}

/** A port of 127.0.0.1 that was free a moment ago, for a program that cannot choose one by itself. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

/** Whether something listens at a port now. */
export async function isListening(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, host);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  const isUp = await promise;
  socket.destroy();
  return isUp;
}
