import type { Answer, Headers, Message } from './context.ts';
import type { ProblemDocument } from './problems.ts';

/** What every answer has unless it says otherwise. */
export interface Usual {
  /** URL of the directory, which every answer links to (RFC 8555 7.1). */
  readonly directory: string;
  /** For the next request: every answer to a POST has one (RFC 8555 6.5). */
  readonly nonce: string | undefined;
}

/** An answer as it goes over the wire, with the usual headers. */
export function toMessage({ status, headers = {}, body, content }: Answer, usual: Usual): Message {
  const bytes = Buffer.from(content ?? (body === undefined ? '' : JSON.stringify(body)));
  const { link, ...own } = headers;
  const index = `<${usual.directory}>;rel="index"`;
  const all = {
    'cache-control': 'no-store',
    ...(bytes.length > 0 && { 'content-type': 'application/json' }),
    ...(status !== 204 && { 'content-length': String(bytes.length) }),
    ...(usual.nonce !== undefined && { 'replay-nonce': usual.nonce }),
    ...(link !== null && { link: link === undefined ? [index] : [index, link] }),
    ...own,
  };
  const kept = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
  return { status, headers: Object.fromEntries(kept), content: bytes };
}

/** The answer that is a problem document (RFC 8555 6.7). */
export const refusing = (document: ProblemDocument, headers: Headers = {}): Answer => ({
  status: document.status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: document,
});
