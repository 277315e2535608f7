/** For tests: an HTTP server on loopback that answers by script, and can do what no honest server does. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { Jws } from '../../src/acme/jws.ts';

/** A request as it came, its JWS taken apart. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly header: Record<string, unknown>;
  readonly payload: Record<string, unknown> | undefined;
  /** The JWS as it came. */
  readonly body: string;
}

/** What to answer: JSON unless `headers` say otherwise. */
export interface Said {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** Answers one request; undefined when it writes to the response itself, or never answers. */
export type Script = (seen: Seen, response: ServerResponse) => Said | undefined | Promise<Said | undefined>;

/** A server that answers by script. */
export interface ScriptedServer {
  readonly url: string;
  /** `METHOD /path` of each request, in order. */
  readonly requests: string[];
}

/** A server that `script` answers for; undefined when the script wrote to the response itself. */
export async function scriptedServer(t: TestContext, script: Script): Promise<ScriptedServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void answer(request, response, script, requests);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { url: `http://127.0.0.1:${address.port}`, requests };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  script: Script,
  requests: string[],
): Promise<void> {
  const seen = await toSeen(request);
  requests.push(`${seen.method} ${seen.path}`);
  const said = await script(seen, response);
  if (!said) return;
  const isText = typeof said.body === 'string';
  response.writeHead(said.status ?? 200, {
    ...(said.body !== undefined && { 'content-type': isText ? 'text/plain' : 'application/json' }),
    'replay-nonce': `nonce-${requests.length}`,
    ...said.headers,
  });
  response.end(isText ? said.body : said.body === undefined ? undefined : JSON.stringify(said.body));
}

async function toSeen(request: IncomingMessage): Promise<Seen> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const body = Buffer.concat(parts).toString();
  const jws: Partial<Jws> = body === '' ? {} : JSON.parse(body);
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    header: open(jws.protected) ?? {},
    payload: open(jws.payload),
    body,
  };
}

function open(part = ''): Record<string, unknown> | undefined {
  return part === '' ? undefined : JSON.parse(Buffer.from(part, 'base64url').toString());
}

/** The directory of a scripted server. */
export const directoryOf = (url: string, meta: Record<string, unknown> = {}) => ({
  newNonce: `${url}/nonce`,
  newAccount: `${url}/account`,
  newOrder: `${url}/order`,
  meta,
});

/** An answer that is an error of RFC 8555 6.7. */
export const refusing = (status: number, type: string, detail = type): Said => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: { type: `urn:ietf:params:acme:error:${type}`, detail, status },
});
