import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { DNS_ADDRESSES } from '../simulator/simulator.ts';

/** Where a world listens. */
export interface Ports {
  readonly api: number;
  readonly control: number;
  readonly production: number;
  readonly staging: number;
  /** 0: the simulator picks one. */
  readonly dns: number;
}

const HOST = '127.0.0.1';

/**
 * The usual ports, each replaced by a free one where it is taken. A port that was asked for is used as it is,
 * and the next one for the control interface.
 */
export async function portsFor(asked: number | undefined): Promise<Ports> {
  const isAsked = asked !== undefined && asked !== 0;
  return {
    api: asked ?? (await usual(8787)),
    control: isAsked ? asked + 1 : await usual(8788),
    production: await usual(8443),
    staging: await usual(9443),
    dns: (await isDnsFree(8053)) ? 8053 : 0,
  };
}

async function usual(port: number): Promise<number> {
  return (await tcpPort(HOST, port)) ?? (await tcpPort(HOST, 0)) ?? 0;
}

async function isDnsFree(port: number): Promise<boolean> {
  const { resolver, root, responder, customers } = DNS_ADDRESSES;
  const hosts = [resolver, root, responder, ...customers];
  const free = await Promise.all(
    hosts.map(async (host) => (await tcpPort(host, port)) !== undefined && (await isUdpFree(host, port))),
  );
  return free.every(Boolean);
}

/** The port, if it can be listened on now; with 0 a free one. */
function tcpPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      const found = typeof address === 'object' && address ? address.port : port;
      server.close(() => resolve(found));
    });
  });
}

function isUdpFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind(port, host, () => socket.close(() => resolve(true)));
  });
}
