import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Door } from '../deps.ts';

/** The server behind the API: with TLS where there are certificates for it. */
export function newServer(handler: RequestListener, door: Door): Server {
  const limits = {
    maxHeaderSize: door.headerLimit,
    // What has none is refused where all is refused (`demandHost`).
    requireHostHeader: false,
    requestTimeout: door.requestTimeout * 1_000,
    keepAliveTimeout: door.keepAlive * 1_000,
  };
  return door.tls
    ? createTlsServer({ ...limits, ...tlsOf(door.tls) }, handler)
    : createServer(limits, handler);
}

/** Shows other certificates from the next connection on. Throws where they do not belong together. */
export function showCertificates(server: Server | TlsServer, tls: NonNullable<Door['tls']>): void {
  if ('setSecureContext' in server) server.setSecureContext(tlsOf(tls));
}

const tlsOf = ({ cert, key }: NonNullable<Door['tls']>) => ({
  cert: [...cert],
  key: [...key],
  minVersion: 'TLSv1.2' as const,
});
