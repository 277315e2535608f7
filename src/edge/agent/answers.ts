/** What agents are answered, but for their enrolment and the stream of changes. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Fault } from '../../kit/fault.ts';
import { isHostName } from '../bundled/host-name.ts';
import { isValidationPath } from '../edge.ts';
import { PATHS, SHAPES } from './protocol.ts';
import { readBody } from './request-body.ts';
import type { AgentSource, KnownAgent } from './source.ts';

/** Method and path of a request, and what stands behind it. */
export function askedIn(headers: IncomingHttpHeaders): {
  readonly asked: string;
  readonly query: URLSearchParams;
} {
  const url = URL.parse(headers[':path'] ?? '', 'https://service');
  return {
    asked: `${headers[':method'] ?? ''} ${url?.pathname ?? ''}`,
    query: url?.searchParams ?? new URLSearchParams(),
  };
}

/** What an agent asks for, beside its stream of changes. */
export interface Asked {
  readonly stream: ServerHttp2Stream;
  readonly agent: KnownAgent;
  readonly query: URLSearchParams;
  readonly source: AgentSource;
}

/** By method and path. All throw `malformed_request` for what is not as the protocol has it. */
export const ANSWERS: Readonly<Record<string, ((asked: Asked) => Promise<object>) | undefined>> = {
  [`POST ${PATHS.certificate}`]: async ({ stream, agent, source }) =>
    source.renew(agent, await readBody(stream, SHAPES.renew)),
  [`POST ${PATHS.packs}`]: async ({ stream, agent, source }) =>
    source.packs(agent, (await readBody(stream, SHAPES.packsAsked)).packs),
  [`POST ${PATHS.reports}`]: async ({ stream, agent, source }) => {
    await source.report(agent, await readBody(stream, SHAPES.report));
    return {};
  },
  [`GET ${PATHS.files}`]: async ({ query, source }) => {
    const [name, path] = [query.get('name') ?? '', query.get('path') ?? ''];
    if (!isHostName(name) || !isValidationPath(path))
      throw new Fault('malformed_request', 'name and path must be those of a file of a validation');
    const file = await source.fileFor(name, path);
    if (file) return file;
    throw new Fault('no_such_route', 'there is no such file');
  },
};

/** Answers with JSON, unless an answer has begun. */
export function reply(stream: ServerHttp2Stream, status: number, body: object): void {
  if (stream.destroyed || stream.headersSent) return;
  stream.respond({ ':status': status, 'content-type': 'application/json', 'cache-control': 'no-store' });
  stream.end(JSON.stringify(body));
}
