import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isValidationPath, VALIDATION_PATHS } from '../edge.ts';
import type { PullClient } from '../pull/pull-client.ts';
import type { Tally } from '../tally.ts';
import { HandshakeLimiter } from './handshake-limiter.ts';
import { atHttps, type RequestTarget, targetOf } from './request-target.ts';

/** What the plain side of an edge asks. */
export interface Http01Source {
  /** What shows control of a name at a path. */
  readonly file: PullClient['file'];
  /** Whether the edge has certificates for a name. */
  readonly serves: (name: string) => Promise<'served' | 'unknown' | 'unreachable'>;
}

/** What a request over plain HTTP came to, by the status it was answered with. */
export const PLAIN_ANSWERS = ['file', 'no_file', 'redirect', 'not_served', 'refused', 'unreachable'] as const;

export type PlainAnswer = (typeof PLAIN_ANSWERS)[number];

const ANSWERS: Readonly<Record<number, PlainAnswer>> = {
  200: 'file',
  308: 'redirect',
  404: 'no_file',
  421: 'not_served',
  503: 'unreachable',
};

const MOST_CONNECTIONS = 5_000;
/** Connections whose request is not there yet, and how long it may take. */
const MOST_WAITED_FOR = 1_000;
const REQUEST_SECONDS = 10;
/** Longest place to be sent to; what the request was is shorter, unless it had to be encoded. */
const MOST_LOCATION = 8_192;

/**
 * The plain-HTTP side of an edge. A CA that asks for a file that shows control of a host gets it (RFC 8555 8.3), 404
 * where there is none, 503 where the service cannot be asked. Whoever asks for anything else is sent to https, at a host
 * that this edge serves, and told 421 at any other. Who is slow to ask makes room for those who come. Each answer is
 * counted.
 */
export function newHttp01Server(source: Http01Source, tally: Tally<PlainAnswer>): Server {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 });
  server.maxConnections = MOST_CONNECTIONS;
  const waitedFor = new HandshakeLimiter(MOST_WAITED_FOR, REQUEST_SECONDS);
  server.on('connection', (socket) => waitedFor.enter(socket));
  server.on('request', (request, response) => {
    waitedFor.leave(request.socket);
    response.on('error', () => response.destroy());
    response.once('finish', () => tally.add(ANSWERS[response.statusCode] ?? 'refused'));
    request.resume();
    answer(source, request, response).catch(() => response.destroy());
  });
  return server;
}

async function answer(
  source: Http01Source,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = targetOf(request);
  if (!target) return reply(response, 400, 'this edge is asked by one host name\n');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return reply(response, 405, 'ask with GET\n', { allow: 'GET, HEAD' });
  const { name, path } = target;
  if (!VALIDATION_PATHS.some((folder) => path.startsWith(folder))) return redirect(source, target, response);
  const found = isValidationPath(path) ? await source.file(name, path) : 'unknown';
  if (found === 'unreachable') return unreachable(response);
  return found === 'unknown' ? reply(response, 404, 'no such file\n') : reply(response, 200, found.body);
}

async function redirect(
  { serves }: Http01Source,
  target: RequestTarget,
  response: ServerResponse,
): Promise<void> {
  const location = atHttps(target);
  if (location.length > MOST_LOCATION) return reply(response, 414, 'the path is too long\n');
  const found = await serves(target.name);
  if (found === 'unreachable') return unreachable(response);
  return found === 'unknown'
    ? reply(response, 421, 'this edge does not serve that host\n')
    : reply(response, 308, '', { location });
}

const unreachable = (response: ServerResponse): void =>
  reply(response, 503, 'the service cannot be asked; try again\n', { 'retry-after': '5' });

function reply(
  response: ServerResponse,
  status: number,
  text: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) };
  const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', connection: 'close' };
  response.writeHead(status, { ...headers, ...always, ...more }).end(text);
}
