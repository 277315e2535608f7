import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Answer, CaContext } from './ca/context.ts';
import { isObject, type JsonObject } from './ca/reading.ts';
import { kindOf, type RequestKind } from './ca/request-kind.ts';

/** A request to a CA as it came, before anything of it was checked. */
export interface Exchange {
  /** The CA that is asked. */
  readonly ca: CaContext;
  readonly kind: RequestKind;
  readonly method: string;
  /** Path with query. */
  readonly target: string;
  /** Id of the object asked for, or empty. */
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  /** The JWS; empty without one. */
  readonly body: Buffer;
  /** Protected header of the JWS, not verified; empty where it cannot be read. */
  readonly header: JsonObject;
  /** Payload of the JWS, not verified; undefined for a POST-as-GET, or where it cannot be read. */
  readonly payload: JsonObject | undefined;
  /** A fresh nonce of the CA (RFC 8555 6.5). */
  readonly newNonce: () => string;
}

/** What answers an exchange; never rejects. */
export type Answerer = (exchange: Exchange) => Promise<Answer>;

/** The exchange that a request begins. */
export function newExchange(
  ca: CaContext,
  { method = '', url: target = '/', headers }: IncomingMessage,
  body: Buffer,
  newNonce: () => string,
): Exchange {
  const [path = ''] = target.split('?', 1);
  const part = (name: string) => objectIn(decoded(objectIn(body.toString('utf8'))?.[name]));
  return {
    ca,
    kind: kindOf(path),
    method,
    target,
    id: path.split('/')[3] ?? '',
    headers,
    body,
    // Read when asked for: few rules do, and every request is an exchange.
    get header() {
      return part('protected') ?? {};
    },
    get payload() {
      return part('payload');
    },
    newNonce,
  };
}

const decoded = (part: unknown): string =>
  typeof part === 'string' ? Buffer.from(part, 'base64url').toString('utf8') : '';

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
