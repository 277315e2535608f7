import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import { isElsewhere } from '../../pack/key-elsewhere.ts';
import { toHostName } from '../bundled/host-name.ts';
import type { DriverDeps } from '../driver.ts';
import type { ServedKeyPair } from '../edge.ts';
import { type Offered, pairFor } from './offered.ts';

export interface CertificateServerOptions {
  readonly host: string;
  readonly port: number;
  /** What a request has to have in its path. */
  readonly secret: string;
  readonly packFor: DriverDeps['packFor'];
  readonly log: Log;
}

/** Most values in a list of a request. */
const MOST_VALUES = 512;

/**
 * Answers Caddy's `get_certificate http`: `GET /SECRET/certificate?server_name=…&signature_schemes=…&cipher_suites=…`, lists of
 * hexadecimal numbers, with PEM of the chain and its key, or 204 where there is none. Throws `configuration` where it cannot listen.
 */
export async function startCertificateServer(options: CertificateServerOptions): Promise<Server> {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 65_000 });
  server.maxConnections = 1_024;
  server.on('request', (request, response) => {
    response.on('error', () => response.destroy());
    answer(request, response, options).catch((error: unknown) => {
      options.log.error({ error: error instanceof Error ? error.name : typeof error }, 'caddy: no answer');
      reply(response, 503);
    });
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options.port, options.host, resolve);
  await promise.catch((cause: NodeJS.ErrnoException) => {
    const place = `${options.host}:${options.port}`;
    throw new Fault('configuration', `[edge]: 'listen' ${place} cannot be listened on: ${cause.code}`, {
      cause,
    });
  });
  server.off('error', reject);
  return server.on('error', (error) => options.log.error({ error: error.name }, 'caddy: listener failed'));
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: CertificateServerOptions,
): Promise<void> {
  const [path = '', query] = (request.url ?? '').split('?', 2);
  // All who do not know the secret are told the same.
  if (!isSame(path, `/${options.secret}/certificate`)) return reply(response, 404);
  if (request.method !== 'GET') return reply(response, 405);
  const asked = new URLSearchParams(query);
  const offered = toOffered(asked);
  if (offered === undefined) return reply(response, 400);
  const pair = await pairOf(asked.get('server_name') ?? '', offered, options.packFor);
  // A key that stays with its owner is none that Caddy could use.
  if (!pair || isElsewhere(pair.key)) return reply(response, 204);
  return reply(response, 200, `${pair.chain.trimEnd()}\n${pair.key}`);
}

async function pairOf(
  asked: string,
  offered: Offered,
  packFor: DriverDeps['packFor'],
): Promise<ServedKeyPair | undefined> {
  const name = toHostName(asked);
  const pack = name === undefined ? undefined : await packFor(name);
  return pack && pairFor(pack, offered);
}

/** Undefined where a list is none. */
function toOffered(query: URLSearchParams): Offered | undefined {
  const signatureSchemes = toNumbers(query.get('signature_schemes') ?? '');
  const cipherSuites = toNumbers(query.get('cipher_suites') ?? '');
  return signatureSchemes && cipherSuites ? { signatureSchemes, cipherSuites } : undefined;
}

function toNumbers(list: string): ReadonlySet<number> | undefined {
  const values = list === '' ? [] : list.split(',', MOST_VALUES + 1);
  const isList = values.length <= MOST_VALUES && values.every((value) => /^[0-9a-f]{1,4}$/i.test(value));
  return isList ? new Set(values.map((value) => Number.parseInt(value, 16))) : undefined;
}

/** Takes the same time for each that is wrong. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(hash(a), hash(b));
const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

function reply(response: ServerResponse, status: number, body = ''): void {
  if (response.headersSent) return;
  const type = { 'content-type': 'application/x-pem-file', 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { 'cache-control': 'no-store', ...(status === 200 ? type : {}) }).end(body);
}
