/** The API described for machines (OpenAPI 3.1): from the schemas that stand on the routes. */
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { FAULTS } from '../../kit/fault.ts';
import { bareOf } from './envelope.ts';

declare module 'fastify' {
  /** What a route's schema says beside how requests are checked: that is for the description alone. */
  interface FastifySchema {
    /** Cloudflare's operationId where the route is one of theirs. */
    operationId?: string;
    /** What it is for, in one line. */
    summary?: string;
    /** Parameters of the query by name; the handler reads them itself, so that a refusal can name its parameter. */
    parameters?: Readonly<Record<string, TSchema>>;
    /** The body where it is a form (multipart/form-data); the handler reads it itself. */
    form?: TSchema;
    /** Whether it wants no token. */
    isOpen?: boolean;
    /** Whether it is no operation: only there to refuse. */
    isHidden?: boolean;
  }
}

interface Route {
  readonly method: string;
  /** As it is declared, with its prefix. */
  readonly url: string;
  readonly schema: FastifySchema;
}

/** Path of the description itself. */
const PLACE = '/client/v4/openapi.json';

/**
 * Serves the description. To be called before any route is declared: it hears of each, and throws where one does not say
 * what it is.
 */
export function serveOpenApi(app: FastifyInstance): void {
  const routes: Route[] = [];
  // Response schemas describe; they neither check nor drop anything.
  app.setSerializerCompiler(() => JSON.stringify);
  app.addHook('onRoute', ({ method, url, schema = {} }: RouteOptions) => {
    if (schema.isHidden) return;
    if (!schema.operationId || !schema.summary || schema.response === undefined)
      throw new Error(`${[method].flat().join()} ${url} does not say what it is: its schema`);
    // A HEAD comes with each GET.
    for (const one of [method].flat())
      if (one !== 'HEAD') routes.push({ method: one, url, schema: { ...schema } });
  });
  let document: string | undefined;
  const schema: FastifySchema = {
    operationId: 'openapi',
    summary: 'This description',
    isOpen: true,
    response: bareOf('application/json', Type.Object({ openapi: Type.String() })),
  };
  app.get(PLACE, { schema }, (_, reply) => {
    document ??= JSON.stringify(describeAll(routes));
    return reply.type('application/json; charset=utf-8').send(document);
  });
}

function describeAll(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeOne(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'certpacks',
      version: '4',
      description:
        'Certificate packs by the wire contract of Cloudflare’s API v4. docs/divergences.md tells where it differs.',
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { email: [], key: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        email: { type: 'apiKey', in: 'header', name: 'X-Auth-Email' },
        key: { type: 'apiKey', in: 'header', name: 'X-Auth-Key' },
      },
      schemas: { Failure },
    },
  };
}

const Failure = Type.Object({
  success: Type.Literal(false),
  errors: Type.Array(
    Type.Object({
      code: Type.Integer(),
      message: Type.String(),
      documentation_url: Type.Optional(Type.String()),
      source: Type.Optional(Type.Object({ pointer: Type.String() })),
    }),
  ),
  messages: Type.Array(Type.Unknown()),
  result: Type.Null(),
});

function describeOne({ url, schema }: Route): object {
  const { operationId, summary, parameters, response, isOpen = false } = schema;
  return {
    operationId,
    summary,
    ...(isOpen && { security: [] }),
    parameters: [...inPath(url), ...inQuery(parameters)],
    ...bodyOf(schema),
    responses: {
      [statusOf(response)]: { description: 'It worked.', content: contentOf(response) },
      ...(isOpen ? {} : FAILURES),
    },
  };
}

function bodyOf({ body, form }: FastifySchema): object {
  if (form) return { requestBody: { content: { 'multipart/form-data': { schema: form } } } };
  return body === undefined ? {} : { requestBody: { content: { 'application/json': { schema: body } } } };
}

/** With which status a route answers what worked: 200 as a rule. */
const statusOf = (response: unknown): string =>
  ['201', '202'].find((status) => fieldOf(response, status) !== undefined) ?? '200';

/** What a route answers, by media type: JSON where its schema tells of none. */
function contentOf(response: unknown): unknown {
  const answer = fieldOf(response, statusOf(response));
  return fieldOf(answer, 'content') ?? { 'application/json': { schema: answer } };
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

const inPath = (url: string): object[] =>
  [...url.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

const inQuery = (query: Readonly<Record<string, TSchema>> = {}): object[] =>
  Object.entries(query).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));

/** By status, each with the same envelope. */
const FAILURES = Object.fromEntries(
  [...new Set(Object.values(FAULTS).map(({ status }) => status))]
    .toSorted((a, b) => a - b)
    .map((status) => [
      status,
      {
        description: Object.entries(FAULTS)
          .filter(([, row]) => row.status === status)
          .map(([name, { code }]) => `${name} (${code})`)
          .join(', '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
      },
    ]),
);
