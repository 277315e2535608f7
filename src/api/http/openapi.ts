/** The API described for machines (OpenAPI 3.1): from the schemas that requests are checked by, and the table of routes. */
import type { FastifyInstance, RouteOptions } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { FAULTS } from '../../kit/fault.ts';
import { DESCRIPTIONS } from './descriptions.ts';

interface Route {
  readonly method: string;
  /** As it is declared, with its prefix. */
  readonly url: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Path of the description itself. */
const PLACE = '/client/v4/openapi.json';

/**
 * Serves the description. To be called before any route is declared: it hears of each. Throws, when it is asked for, where
 * a route has no line in `DESCRIPTIONS`.
 */
export function serveOpenApi(app: FastifyInstance): void {
  const routes: Route[] = [];
  app.addHook('onRoute', ({ method, url, schema = {} }: RouteOptions) => {
    // A HEAD comes with each GET.
    for (const one of [method].flat())
      if (one !== 'HEAD') routes.push({ method: one, url, schema: { ...schema } });
  });
  let document: string | undefined;
  app.get(PLACE, (_, reply) => {
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

function describeOne({ method, url, schema }: Route): object {
  const told = DESCRIPTIONS[`${method} ${url}`];
  if (!told) throw new Error(`${method} ${url} is not described: src/api/http/descriptions.ts`);
  const { id, says, result, query, info, type = 'application/json', isOpen = false } = told;
  const body = schema['body'];
  return {
    operationId: id,
    summary: says,
    ...(isOpen && { security: [] }),
    parameters: [...inPath(url), ...inQuery(query)],
    ...(body !== undefined && { requestBody: { content: { 'application/json': { schema: body } } } }),
    responses: {
      200: {
        description: 'It worked.',
        content: { [type]: { schema: type === 'application/json' ? envelopeOf(result, info) : result } },
      },
      ...(isOpen ? {} : FAILURES),
    },
  };
}

const inPath = (url: string): object[] =>
  [...url.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

const inQuery = (query: Readonly<Record<string, TSchema>> = {}): object[] =>
  Object.entries(query).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));

/** The envelope of an answer that worked. */
const envelopeOf = (result: TSchema, info?: TSchema): TSchema =>
  Type.Object({
    success: Type.Literal(true),
    errors: Type.Array(Type.Unknown(), { maxItems: 0 }),
    messages: Type.Array(Type.Object({ code: Type.Integer(), message: Type.String() })),
    result,
    ...(info && { result_info: info }),
  });

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
