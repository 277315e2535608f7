import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { Fault } from '../kit/fault.ts';
import { DNS_ADDRESSES } from '../simulator/simulator.ts';

/**
 * Starts something at its usual port, or at a free one where that is taken. `start` throws `configuration` when
 * it cannot listen.
 */
export async function atUsual<T>(port: number, start: (port: number) => Promise<T>): Promise<T> {
  try {
    return await start(port);
  } catch (error) {
    if (!(error instanceof Fault && error.fault === 'configuration')) throw error;
    return start(0);
  }
}

/** `port` if the whole DNS of a world can listen there now, else 0. */
export async function dnsPort(port: number): Promise<number> {
  const { resolver, root, responder, customers } = DNS_ADDRESSES;
  const hosts = [resolver, root, responder, ...customers];
  const free = await Promise.all(
    hosts.map(async (host) => (await isTcpFree(host, port)) && (await isUdpFree(host, port))),
  );
  return free.every(Boolean) ? port : 0;
}

function isTcpFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

function isUdpFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind(port, host, () => socket.close(() => resolve(true)));
  });
}
