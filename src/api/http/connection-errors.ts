/** Refusals of what no route ever sees, in the envelope as well. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { newHexId } from '../../kit/id.ts';
import type { Log } from '../../kit/log.ts';

interface Refusal {
  /** Status and reason phrase. */
  readonly status: string;
  readonly message: string;
}

const UNREADABLE: Refusal = { status: '400 Bad Request', message: 'the request cannot be read' };

/** By Node's code of the error. */
const BY_CODE: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    message: 'the head of the request is larger than is taken here (option header_limit_kb)',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    message: 'the request did not arrive in time (option request_timeout_s)',
  },
};

/** Refuses a connection on which no request can be read; it ends. */
export const refuseUnread =
  (log: Log) =>
  (error: Error & { readonly code?: string }, socket: Duplex): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else refuse(log, socket, BY_CODE[error.code ?? ''] ?? UNREADABLE, error.code);
  };

/** Refuses what Node would answer by itself, or not at all, and bodies that are too large before they are sent. */
export function refuseUnheard(server: Server, log: Log, bodyLimit: number): void {
  server.on('connect', (_: IncomingMessage, socket: Duplex) => {
    refuse(log, socket, { status: '405 Method Not Allowed', message: 'this is no proxy' }, 'CONNECT');
  });
  server.on('checkExpectation', ({ socket }: IncomingMessage) => {
    const message = 'the only expectation that is met is 100-continue';
    refuse(log, socket, { status: '417 Expectation Failed', message }, 'EXPECT');
  });
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Who is told to go on with a body that is then refused may never see the refusal.
    if (!(Number(request.headers['content-length']) > bodyLimit)) response.writeContinue();
    server.emit('request', request, response);
  });
}

function refuse(log: Log, socket: Duplex, { status, message }: Refusal, code: string | undefined): void {
  const request = newHexId();
  const address = 'remoteAddress' in socket ? socket.remoteAddress : undefined;
  log.info({ request, address, status: Number(status.slice(0, 3)), code }, 'refused before it was read');
  const errors = [{ code: 1400, message }];
  const body = JSON.stringify({ success: false, errors, messages: [], result: null });
  const lines = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${request}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Refuses requests of HTTP/1.1 without a Host header, as Node would without a word (RFC 9112 3.2). */
export function demandHost(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw, headers }, _, done) => {
    const isBare = headers.host === undefined && raw.httpVersionMajor === 1 && raw.httpVersionMinor > 0;
    done(isBare ? new Fault('malformed_request', 'the Host header is missing (RFC 9112 3.2)') : undefined);
  });
}
