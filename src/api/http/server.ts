import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { HttpOptions } from '../deps.ts';

/** The server behind the API: with TLS where there are certificates for it. */
export function newServer(handler: RequestListener, http: HttpOptions): Server {
  const limits = {
    maxHeaderSize: http.headerLimit,
    // What has none is refused where all is refused (`demandHost`).
    requireHostHeader: false,
    requestTimeout: http.requestTimeout * 1_000,
    keepAliveTimeout: http.keepAlive * 1_000,
  };
  return http.tls
    ? createTlsServer({ ...limits, ...tlsOf(http.tls) }, handler)
    : createServer(limits, handler);
}

/** Shows other certificates from the next connection on. Throws where they do not belong together. */
export function showCertificates(server: Server | TlsServer, tls: NonNullable<HttpOptions['tls']>): void {
  if ('setSecureContext' in server) server.setSecureContext(tlsOf(tls));
}

const tlsOf = ({ cert, key }: NonNullable<HttpOptions['tls']>) => ({
  cert: [...cert],
  key: [...key],
  minVersion: 'TLSv1.2' as const,
});
