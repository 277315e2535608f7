import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isValidationPath, VALIDATION_PATHS } from '../edge.ts';
import type { PullClient } from '../pull/pull-client.ts';
import { isHostName } from './host-name.ts';

/** What shows control of a name at a path. */
export type Files = Pick<PullClient, 'file'>;

const MOST_CONNECTIONS = 5_000;

/**
 * The plain-HTTP side of an edge. A CA that asks for a file that shows control of a host gets it (RFC 8555 8.3), 404
 * where there is none, 503 where the service cannot be asked; whoever asks a host for anything else is sent to https.
 */
export function newHttp01Server(files: Files): Server {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 });
  server.maxConnections = MOST_CONNECTIONS;
  server.on('request', (request, response) => {
    response.on('error', () => response.destroy());
    request.resume();
    answer(files, request, response).catch(() => response.destroy());
  });
  return server;
}

async function answer(files: Files, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request;
  const name = nameIn(headers.host);
  if (!isHostName(name)) return reply(response, 400, 'this edge is asked by host names\n');
  if (method !== 'GET' && method !== 'HEAD') return reply(response, 405, 'ask with GET\n');
  const path = pathIn(url);
  const isProof = VALIDATION_PATHS.some((folder) => path.startsWith(folder));
  if (!isProof) return redirect(response, `https://${name}${url}`);
  const found = isValidationPath(path) ? await files.file(name, path) : 'unknown';
  if (typeof found !== 'string') return reply(response, 200, found.body);
  return found === 'unknown'
    ? reply(response, 404, 'no such file\n')
    : reply(response, 503, 'the service cannot be asked; try again\n');
}

/** The host without its port. */
const nameIn = (host = ''): string => host.toLowerCase().replace(/:\d{1,5}$/, '');

const pathIn = (url: string): string => url.split('?', 1)[0] ?? '';

function redirect(response: ServerResponse, location: string): void {
  // A path that is no URL's, e.g. one with spaces, cannot be sent on.
  const to = URL.parse(location)?.href;
  if (to === undefined) reply(response, 400, 'no such URL\n');
  else response.writeHead(308, { location: to, 'content-length': 0 }).end();
}

function reply(response: ServerResponse, status: number, text: string): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) };
  const more = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  response.writeHead(status, { ...headers, ...more }).end(text);
}
