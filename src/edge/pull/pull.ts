import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import { ENVIRONMENTS, type Environment } from '../../pack/pack.ts';
import { isHostName } from '../bundled/host-name.ts';
import {
  type EdgeChange,
  isValidationPath,
  type PullSource,
  type ServedFile,
  type ServedPack,
} from '../edge.ts';
import { ChangeStreams } from './change-streams.ts';
import { listenOnSocketFile } from './socket-file.ts';

export interface PullOptions {
  /** Absolute path of the unix socket. */
  readonly path: string;
  readonly source: PullSource;
  readonly log: Log;
  /** Time between two signs of life on a stream of changes; 5 s when left out. */
  readonly heartbeat?: Seconds;
}

/** The running listener. */
export interface Pull {
  /** Tells the edges of the change's environment that something changed for its hosts. */
  push(change: EdgeChange): void;
  /** Resolves when every connection is closed and the socket file is gone. */
  close(): Promise<void>;
}

/**
 * Hands out certificates and their private keys to the bundled edges of this machine's user, over a unix socket
 * and nothing else:
 * - `GET /v1/certificates?name=…&environment=…` answers 200 with a `ServedPack`, or 404 `{}`; with `&by=address` that of clients
 *   without SNI at an address that stands for the name; with `&edge=…`, the edge's own name, by which it is known where it is, also
 *   what is restricted to places like that;
 * - `GET /v1/files?name=…&path=…&environment=…` answers 200 with `{"body"}`, the text of a file that shows control
 *   of the name, or 404 `{}`;
 * - `GET /v1/changes?environment=…` answers lines of JSON for as long as it is read: `{"hello":true}` first,
 *   then each `EdgeChange`, and heartbeats.
 * Throws `configuration` where `path` cannot be listened on; see `listenOnSocketFile`.
 */
export async function startPull({ path, source, log, heartbeat = 5 }: PullOptions): Promise<Pull> {
  const streams = new ChangeStreams();
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 65_000 });
  server.maxConnections = 1_024;
  server.on('request', (request, response) => {
    response.on('error', () => response.destroy());
    answer({ request, response, source, streams }).catch((error: unknown) => {
      log.error(namesOf(error), 'pull: no answer for an edge');
      reply(response, 503);
    });
  });
  await listenOnSocketFile(server, path);
  server.on('error', (error) => log.error(namesOf(error), 'pull: listener failed'));
  const beat = setInterval(() => streams.beat(), heartbeat * 1_000).unref();
  return {
    push: (change) => streams.push(change),
    close: () => {
      clearInterval(beat);
      streams.close();
      return closed(server);
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly source: PullSource;
  readonly streams: ChangeStreams;
}

async function answer({ request, response, source, streams }: Exchange): Promise<void> {
  if (request.method !== 'GET') return reply(response, 405);
  const url = URL.parse(request.url ?? '', 'http://pull');
  const environment = environmentIn(url?.searchParams.get('environment'));
  if (url === null || environment === undefined) return reply(response, 400);
  if (url.pathname === '/v1/changes') return streams.add(response, environment);
  const find = FINDERS[url.pathname];
  if (!find) return reply(response, 404);
  const found = await find(source, url.searchParams, environment);
  if (found === 'malformed') return reply(response, 400);
  return found === undefined ? reply(response, 404) : reply(response, 200, JSON.stringify(found));
}

type Finder = (
  source: PullSource,
  query: URLSearchParams,
  environment: Environment,
) => Promise<ServedPack | ServedFile | undefined | 'malformed'>;

const FINDERS: Readonly<Record<string, Finder | undefined>> = {
  '/v1/certificates': async (source, query, environment) => {
    const name = query.get('name') ?? '';
    const by = query.get('by') === 'address' ? 'address' : 'name';
    const edge = query.get('edge') ?? undefined;
    return isHostName(name) ? source.packFor(name, environment, by, edge) : 'malformed';
  },
  '/v1/files': async (source, query) => {
    const [name, path] = [query.get('name') ?? '', query.get('path') ?? ''];
    return isHostName(name) && isValidationPath(path) ? source.fileFor(name, path) : 'malformed';
  },
};

const environmentIn = (text: string | null | undefined): Environment | undefined =>
  ENVIRONMENTS.find((environment) => environment === text);

function reply(response: ServerResponse, status: number, body = '{}'): void {
  if (response.headersSent) return;
  const length = Buffer.byteLength(body);
  const headers = {
    'content-type': 'application/json',
    'content-length': length,
    'cache-control': 'no-store',
  };
  response.writeHead(status, headers).end(body);
}

/** An error's names without its message: who reads certificates may have keys in it. */
function namesOf(error: unknown): object {
  if (error instanceof Fault) return { fault: error.fault };
  if (error instanceof Error) return { error: error.name, code: 'code' in error ? error.code : undefined };
  return { error: typeof error };
}

async function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}
