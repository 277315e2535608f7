import type { ServerResponse } from 'node:http';
import type { Environment } from '../../pack/pack.ts';
import type { EdgeChange } from '../edge.ts';

/** What a reader may leave unread before it is cut off; it then asks again and takes all it has for stale. */
const MOST_UNREAD_BYTES = 1_048_576;

/** Edges that may follow at once. */
const MOST_STREAMS = 256;

/** Hosts in one line, so that a reader can bound its lines. */
const MOST_HOSTS_IN_LINE = 1_000;

/** The edges that follow changes: each a reply that stays open, one JSON object a line. */
export class ChangeStreams {
  readonly #open = new Map<ServerResponse, Environment>();
  #waiting: EdgeChange[] = [];

  /** Keeps `response` open for changes of `environment`; its first line is `{"hello":true}`. */
  add(response: ServerResponse, environment: Environment): void {
    if (this.#open.size >= MOST_STREAMS) {
      response.writeHead(503).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    response.on('error', () => response.destroy());
    response.once('close', () => this.#open.delete(response));
    this.#open.set(response, environment);
    write(response, '{"hello":true}\n');
  }

  /** Tells every edge of the change's environment; changes of one turn of the event loop go out as one. */
  push(change: EdgeChange): void {
    this.#waiting.push(change);
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
  }

  /** Tells every edge that we are alive. */
  beat(): void {
    for (const response of this.#open.keys()) write(response, '{"heartbeat":true}\n');
  }

  /** Ends every stream. */
  close(): void {
    for (const response of this.#open.keys()) response.destroy();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const lines = { production: linesOf('production', waiting), staging: linesOf('staging', waiting) };
    for (const [response, environment] of this.#open) {
      if (lines[environment] !== '') write(response, lines[environment]);
    }
  }
}

function linesOf(environment: Environment, changes: readonly EdgeChange[]): string {
  const those = changes.filter((change) => change.environment === environment);
  const hosts = [...new Set(those.flatMap((change) => change.hosts))];
  let lines = '';
  for (let at = 0; at < hosts.length; at += MOST_HOSTS_IN_LINE) {
    lines += `${JSON.stringify({ environment, hosts: hosts.slice(at, at + MOST_HOSTS_IN_LINE) })}\n`;
  }
  return lines;
}

function write(response: ServerResponse, lines: string): void {
  response.write(lines);
  if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
}
