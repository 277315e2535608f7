import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import { Fault } from '../kit/fault.ts';

/** Where metrics can be read, until `stop`. */
export interface MetricsListener {
  readonly url: string;
  stop(): void;
}

/**
 * Serves `/metrics` of a registry in Prometheus' text format, and 503 with what `away` says where a metric cannot be told.
 * Throws `configuration` that names `option` where it cannot listen.
 */
export function serveMetrics(
  registry: Registry,
  { host, port }: { readonly host: string; readonly port: number },
  { option, away }: { readonly option: string; readonly away: string },
): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(503, { 'retry-after': '1' }).end(`${away}\n`),
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<MetricsListener>();
  server.once('error', (cause) =>
    reject(new Fault('configuration', `${option}: cannot listen on ${host}, port ${port}`, { cause })),
  );
  server.listen(port, host, () => {
    const address = server.address();
    const bound = typeof address === 'object' && address ? address.port : port;
    const stop = () => {
      server.close();
      server.closeAllConnections();
    };
    const shown = host.includes(':') ? `[${host}]` : host;
    resolve({ url: `http://${shown}:${bound}/metrics`, stop });
  });
  return promise;
}
