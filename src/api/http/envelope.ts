import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { FAULTS, Fault } from '../../kit/fault.ts';
import { unavailability } from '../../store/unavailable.ts';

/** Cloudflare's reply to a request that worked. */
export const ok = <T>(result: T, messages: Message[] = []) => ({
  success: true as const,
  errors: [],
  messages,
  result,
});

/** `response` of a route that answers with `ok`. */
export const okOf = <R extends TSchema>(result: R) => ({ 200: Type.Object({ ...WORKED, result }) });

/** The same of what was taken, and is under way. */
export const takenOf = <R extends TSchema>(result: R) => ({ 202: Type.Object({ ...WORKED, result }) });

/** As `okOf`, for what is gone: its id stands beside the result too, where Cloudflare's answers have nothing else. */
export const goneOf = () => ({
  200: Type.Object({ id: Type.String(), ...WORKED, result: Type.Object({ id: Type.String() }) }),
});

/** The same where it goes by and by. */
export const goingOf = () => ({ 202: goneOf()[200] });

/** `response` of a route of whose answers Cloudflare says that their messages are texts. */
export const toldOf = <R extends TSchema>(result: R) => ({
  200: Type.Object({ ...WORKED, messages: Type.Array(Type.String()), result }),
});

/** What is gone. */
export const gone = (id: string) => ({ id, ...ok({ id }) });

/** The same of one that makes something, and answers with 201. */
export const createdOf = <R extends TSchema>(result: R) => ({ 201: Type.Object({ ...WORKED, result }) });

/** `response` of a route that answers with a part of a list, and says by `info` which. */
export const listOf = <R extends TSchema, I extends TSchema>(item: R, info: I) => ({
  200: Type.Object({ ...WORKED, result: Type.Array(item), result_info: info }),
});

const WORKED = {
  success: Type.Literal(true),
  errors: Type.Array(Type.Unknown(), { maxItems: 0 }),
  messages: Type.Array(Type.Object({ code: Type.Integer(), message: Type.String() })),
};

/** `response` of a route that answers without the envelope. */
export const bareOf = (type: string, schema: TSchema) => ({ 200: { content: { [type]: { schema } } } });

/** What whoever asked should know of an answer. */
export interface Message {
  readonly code: number;
  readonly message: string;
}

/** As `ok`, around a result that is JSON already. */
export const okText = (json: string, messages: readonly Message[] = []): string =>
  `{"success":true,"errors":[],"messages":${JSON.stringify(messages)},"result":${json}}`;

/** Which part of a list a page is. */
export interface ListInfo {
  readonly page: number;
  readonly perPage: number;
  readonly count: number;
  readonly total: number;
}

/** `result_info` of a page. */
export const toResultInfo = ({ page, perPage, count, total }: ListInfo) => ({
  page,
  per_page: perPage,
  count,
  total_count: total,
  total_pages: Math.ceil(total / perPage),
});

/** What stands before and behind the items of a page of a list whose items are JSON already. */
export const pageHead = Buffer.from('{"success":true,"errors":[],"messages":[],"result":[');
export const pageTail = (info: ListInfo): string => `],"result_info":${JSON.stringify(toResultInfo(info))}}`;

/** As `ok`, for a list that is walked by cursor, whose items are pieces of JSON. */
export function cursorBody(
  items: readonly (readonly Buffer[])[],
  { perPage, cursors }: { readonly perPage: number; readonly cursors: Cursors },
): Buffer {
  const { after: cursor } = cursors;
  const info = { count: items.length, per_page: perPage, ...(cursor !== undefined && { cursor }), cursors };
  const pieces = items.flatMap((item, i) => (i === 0 ? item : [COMMA, ...item]));
  return Buffer.concat([pageHead, ...pieces, Buffer.from(`],"result_info":${JSON.stringify(info)}}`)]);
}

const COMMA = Buffer.from(',');

/** Where a list goes on, to either side of a page; none: it is at its end there. */
interface Cursors {
  readonly before?: string;
  readonly after?: string;
}

/** Sends JSON that was rendered before. */
export const sendJson = (reply: FastifyReply, json: string): FastifyReply =>
  reply.type('application/json; charset=utf-8').send(json);

/** Replies to every error in the envelope. What is not foreseen is logged, and told only as `internal`. */
export function replyFaults(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => replyFault(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    replyFault(
      new Fault('no_such_route', `no route for ${request.method} ${path.slice(0, 200)}`),
      request,
      reply,
    );
  });
}

/** Replies to one error; what is not a Fault becomes one. */
export function replyFault(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const fault = asFault(error);
  const { status, code } = FAULTS[fault.fault];
  // Of a database that is away its watch tells, once.
  if (status >= 500) request.log[status === 503 ? 'info' : 'error']({ err: error }, 'request failed');
  const wait = fault.retryAfter ?? (status === 503 ? 1 : undefined);
  if (wait !== undefined) reply.header('retry-after', String(Math.ceil(wait)));
  const page =
    HOST.test(request.host ?? '') && `${request.protocol}://${request.host}/docs/errors#${fault.fault}`;
  const source = fault.pointer === undefined ? {} : { source: { pointer: fault.pointer } };
  const errors = [
    { code, message: fault.message, ...(page && { documentation_url: page }), ...source, ...chainOf(fault) },
  ];
  return reply.status(status).send({ success: false, errors, messages: [], result: null });
}

/** A host, and perhaps a port, that can stand in a URL. */
const HOST = /^(?:[\w.-]{1,253}|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Cloudflare adds a cause to faults of the headers that show who asks. */
const CHAINS: Readonly<Record<string, Message>> = {
  invalid_headers: { code: 6111, message: 'Invalid format for Authorization header' },
  invalid_auth_email: { code: 6102, message: 'Invalid format for X-Auth-Email header' },
  invalid_auth_key: { code: 6103, message: 'Invalid format for X-Auth-Key header' },
};

function chainOf({ fault }: Fault): { error_chain?: Message[] } {
  const cause = CHAINS[fault];
  return cause ? { error_chain: [cause] } : {};
}

const WHOLE_BODY = { pointer: '' } as const;

/** fastify's own errors that a client can cause, by their code. */
const FASTIFY_FAULTS: Readonly<Record<string, ConstructorParameters<typeof Fault>>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'body_too_large',
    'the body is larger than is taken here (option body_limit_kb)',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'media_type_not_accepted',
    'send the body as application/json; a zone file as multipart/form-data',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'body_not_json',
    'the body is not as long as its Content-Length',
    WHOLE_BODY,
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ['body_not_json', 'the body is not JSON', WHOLE_BODY],
  FST_ERR_BAD_URL: ['malformed_request', 'the path is not a well-formed URL'],
};

/** What fastify's validation adds to its error. */
interface Refusal {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (!(error instanceof Error)) return unforeseen(error);
  if (isRefused(error)) return asMalformed(deepest(error.validation));
  const known = FASTIFY_FAULTS['code' in error ? String(error.code) : ''];
  if (known) return new Fault(...known);
  // Before the database is thought of: a client that breaks off has lost its own connection, not ours.
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return new Fault('malformed_request', error.message);
  return unavailability(error) ?? unforeseen(error);
}

const isRefused = (
  error: Error,
): error is Error & { readonly validation: readonly [Refusal, ...Refusal[]] } =>
  'validation' in error && Array.isArray(error.validation) && error.validation.length > 0;

const asUnknown = (pointer: string): Fault =>
  new Fault('malformed_request', `${fieldOf(pointer)} is not known here`, { pointer });

/** A name as a part of a JSON pointer (RFC 6901). */
const escaped = (name: string): string => name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1');

const fieldOf = (pointer: string): string =>
  pointer === '' ? 'the body' : pointer.slice(1).replaceAll('/', '.');

const unforeseen = (cause: unknown): Fault => new Fault('internal', 'internal error', { cause });

/** Of what may be one of several things, what speaks of the one that was meant: it looked further into it. */
const deepest = (refusals: readonly [Refusal, ...Refusal[]]): Refusal =>
  refusals.reduce((best, one) => (one.keyword !== 'anyOf' && depthOf(one) >= depthOf(best) ? one : best));

const depthOf = ({ instancePath, params = {} }: Refusal): number =>
  instancePath.split('/').length + (typeof params['additionalProperty'] === 'string' ? 1 : 0);

/** A schema's refusal, with a pointer to what it refused. */
function asMalformed({ instancePath, message = 'is malformed', params = {} }: Refusal): Fault {
  const required = params['requiredProperties'];
  const missing: unknown = Array.isArray(required) ? required[0] : params['missingProperty'];
  const { additionalProperty: unknown } = params;
  if (typeof unknown === 'string') return asUnknown(`${instancePath}/${escaped(unknown)}`);
  const pointer = instancePath + (typeof missing === 'string' ? `/${missing}` : '');
  if (pointer === '' && message === 'must be object')
    return new Fault('malformed_request', 'the body must be a JSON object', { pointer });
  const values: unknown = params['allowedValues'];
  const allowed = Array.isArray(values) ? `: ${values.join(', ')}` : '';
  const why = typeof missing === 'string' ? 'is required' : message + allowed;
  return new Fault('malformed_request', `${fieldOf(pointer)} ${why}`, { pointer });
}
