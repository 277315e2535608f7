import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { drainEdge, removeEdge } from '../../operation/change-edge.ts';
import { createEdge, edgeExists, renewEdgeToken } from '../../operation/create-edge.ts';
import { edgeNotFound } from '../../operation/edge-event.ts';
import { isOperator } from '../../pack/name-policy.ts';
import { EDGE_KINDS, ENVIRONMENTS } from '../../pack/pack.ts';
import type { Permission } from '../../pack/permission.ts';
import { countOfEdge, listBehind } from '../../store/edge-leftovers.ts';
import { type Edge, type EdgeTerms } from '../../store/edge-row.ts';
import { getEdge, listEdgesOfAccount } from '../../store/edges.ts';
import { getFirstAccount } from '../../store/names.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, checkAccount, demandAll } from '../http/auth.ts';
import { createdOf, listOf, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { PAGES, PageInfo, Query, readChoice, readPage, readText } from '../http/page.ts';
import {
  EDGE_STATUSES,
  EdgeReply,
  EdgeWithTokenReply,
  OneEdgeReply,
  toConfiguredJson,
  toEdgeJson,
} from './edge-json.ts';

const Body = Type.Object({
  name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' }),
  kind: Type.Enum([...EDGE_KINDS]),
  environment: Type.Optional(Type.Enum([...ENVIRONMENTS])),
  region: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
  country: Type.Optional(Type.String()),
  highest_security: Type.Optional(Type.Boolean()),
  host: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_.:-]{1,253}$' })),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
});
const Change = Type.Object({ drained: Type.Boolean() }, { additionalProperties: false });
const All = Type.Object({ account_id: Type.String() });
const One = Type.Object({ account_id: Type.String(), edge_id: Type.String() });
const IdReply = Type.Object({ id: Type.String() });

const SCHEMAS = {
  list: {
    operationId: 'list-edges',
    summary:
      'Edges of the installation: those of the configuration file, and those with agents; for accounts of the operator',
    params: All,
    querystring: Query,
    parameters: {
      ...PAGES,
      name: Type.String(),
      environment: Type.Enum([...ENVIRONMENTS]),
      status: Type.Enum([...EDGE_STATUSES]),
    },
    response: listOf(EdgeReply, PageInfo),
  },
  create: {
    operationId: 'create-edge',
    summary: 'Enrol an edge: the answer has the token, once, by which its agent takes it up within an hour',
    params: All,
    body: Body,
    response: createdOf(EdgeWithTokenReply),
  },
  get: {
    operationId: 'get-edge',
    summary: 'Get an edge: what its agent has, how far it came, and which packs it does not show as it is to',
    params: One,
    response: okOf(OneEdgeReply),
  },
  token: {
    operationId: 'create-edge-token',
    summary: 'Get another token for an edge, in the place of any before it',
    params: One,
    response: createdOf(EdgeWithTokenReply),
  },
  change: {
    operationId: 'change-edge',
    summary: 'Drain an edge, so that no pack waits for it while it goes on serving, or end that',
    params: One,
    body: Change,
    response: okOf(EdgeReply),
  },
  delete: {
    operationId: 'delete-edge',
    summary: 'Remove an edge: its agent is refused from then on, and no pack waits for it',
    params: One,
    response: okOf(IdReply),
  },
} as const;

const PATH = '/accounts/:account_id/edges';

/** Routes of /accounts/{account_id}/edges. */
export const edgeRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(PATH, { schema: SCHEMAS.list }, async (request) => {
      const accountId = accountOf(request, READ);
      const pages = readPage(request.query);
      const wanted = filterOf(request.query);
      const all = (await isOfOperator(deps, accountId)) ? await edgesOf(deps, accountId) : [];
      const found = all.filter(wanted);
      const from = (pages.page - 1) * pages.perPage;
      const page = found.slice(from, from + pages.perPage);
      const info = toResultInfo({ ...pages, count: page.length, total: found.length });
      return { ...ok(page), result_info: info };
    });
    app.post(PATH, { schema: SCHEMAS.create }, async (request, reply) => {
      const accountId = await operatorOf(deps, request, WRITE);
      const terms = termsIn(deps, request.body);
      if (deps.edgeTerms?.configured.some(({ name }) => name === terms.name)) throw edgeExists(terms.name);
      await deps.edgeTerms?.printToken(''); // refused before anything is made
      const { edge, secret } = await createEdge(deps, accountId, terms, actorOf(request));
      reply.code(201);
      return ok(await withToken(deps, edge, secret));
    });
    await app.register(oneEdgeRoutes(deps));
  };

const oneEdgeRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const path = `${PATH}/:edge_id` as const;
    app.get(path, { schema: SCHEMAS.get }, async (request) => {
      const edge = await edgeOf(deps, request);
      const [counts, behind] = [
        await countOfEdge(deps.pool, edge.id),
        await listBehind(deps.pool, edge.id, MOST_BEHIND),
      ];
      const out_of_step = behind.map(({ id, zone, problem, reportedOn }) => ({
        pack_id: id,
        zone_id: zone.id,
        problem: problem ?? null,
        reported_on: reportedOn?.toISOString() ?? null,
      }));
      const more = {
        packs_given: counts.given,
        packs_behind: counts.behind,
        proved_on: counts.provedOn?.toISOString() ?? null,
        out_of_step,
      };
      return ok({ ...toEdgeJson(edge, deps.clock.now()), ...more });
    });
    app.post(`${path}/token`, { schema: SCHEMAS.token }, async (request, reply) => {
      const key = await keyOf(deps, request, WRITE);
      await deps.edgeTerms?.printToken('');
      const { edge, secret } = await renewEdgeToken(deps, key, actorOf(request));
      reply.code(201);
      return ok(await withToken(deps, edge, secret));
    });
    app.patch(path, { schema: SCHEMAS.change }, async (request) => {
      const key = await keyOf(deps, request, WRITE);
      await drainEdge(deps, key, request.body.drained, actorOf(request));
      await deps.edgeTerms?.refresh();
      deps.poke();
      const edge = await getEdge(deps.pool, key.id);
      if (!edge) throw edgeNotFound(key.id);
      return ok(toEdgeJson(edge, deps.clock.now()));
    });
    app.delete(path, { schema: SCHEMAS.delete }, async (request) => {
      const key = await keyOf(deps, request, WRITE);
      await removeEdge(deps, key, actorOf(request));
      await deps.edgeTerms?.refresh();
      deps.poke();
      return ok({ id: key.id });
    });
  };

/** Packs out of step that are named one by one. */
const MOST_BEHIND = 20;

const READ = 'SSL and Certificates Read';
const WRITE = 'SSL and Certificates Write';

type Asked = FastifyRequest<{ Params: { account_id: string } }>;
type AskedOne = FastifyRequest<{ Params: Static<typeof One> }>;

/** The account that is asked for. Throws as `checkAccount` and `demandAll`. */
function accountOf(request: Asked, permission: Permission): string {
  const { account_id: accountId } = request.params;
  checkAccount(request.token, request, accountId, permission);
  demandAll(request.token, permission);
  return accountId;
}

const isOfOperator = async ({ names, pool }: ApiDeps, accountId: string): Promise<boolean> =>
  isOperator(names, accountId, await getFirstAccount(pool));

/** The same, which is one of the operator's. Throws `edge_not_found` for any other. */
async function operatorOf(deps: ApiDeps, request: Asked, permission: Permission): Promise<string> {
  const accountId = accountOf(request, permission);
  if (await isOfOperator(deps, accountId)) return accountId;
  throw new Fault('edge_not_found', 'edges are those of the operator: his accounts alone have them');
}

async function keyOf(deps: ApiDeps, request: AskedOne, permission: Permission) {
  const { edge_id: id } = request.params;
  const accountId = await operatorOf(deps, request, permission);
  if (isConfigured(deps, id))
    throw new Fault('edges_not_offered', `edge ${id} stands in the configuration file, and is changed there`);
  return { accountId, id: uuidOf(id) };
}

const isConfigured = ({ edgeTerms }: ApiDeps, name: string): boolean =>
  edgeTerms?.configured.some((edge) => edge.name === name) ?? false;

/** An id as the database has ids. Throws `edge_not_found` for what is none. */
function uuidOf(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw edgeNotFound(id.slice(0, 100));
}

async function edgeOf(deps: ApiDeps, request: AskedOne): Promise<Edge> {
  const accountId = await operatorOf(deps, request, READ);
  const id = uuidOf(request.params.edge_id);
  const edge = await getEdge(deps.pool, id);
  if (edge?.accountId === accountId) return edge;
  throw edgeNotFound(id);
}

/** What edges are told of: those of the configuration first. */
async function edgesOf(deps: ApiDeps, accountId: string): Promise<Static<typeof EdgeReply>[]> {
  const now = deps.clock.now();
  const enrolled = await listEdgesOfAccount(deps.pool, accountId);
  const configured = deps.edgeTerms?.configured ?? [];
  return [...configured.map(toConfiguredJson), ...enrolled.map((edge) => toEdgeJson(edge, now))];
}

/** Which edges a list is of. Throws `malformed_request`. */
function filterOf(query: Query): (edge: Static<typeof EdgeReply>) => boolean {
  const name = readText(query, 'name');
  const environment = readChoice(query, 'environment', ENVIRONMENTS);
  const status = readChoice(query, 'status', EDGE_STATUSES);
  return (edge) =>
    (name === undefined || edge.name === name) &&
    (environment === undefined || edge.environment === environment) &&
    (status === undefined || edge.status === status);
}

/** What an edge is to be. Throws `malformed_request`. */
function termsIn(deps: ApiDeps, body: Static<typeof Body>): EdgeTerms {
  const { name, kind, environment = 'production', host, port, ...place } = body;
  if ((host === undefined) !== (port === undefined))
    throw new Fault(
      'malformed_request',
      'host and port are where the service shakes hands: give both, or none',
      {
        pointer: host === undefined ? '/host' : '/port',
      },
    );
  const { region, country, highest_security } = place;
  const location = deps.edgeTerms?.locationIn({ region, country, highest_security });
  const address = host !== undefined && port !== undefined ? { host, port } : undefined;
  return { name, kind, environment, address, location };
}

async function withToken(deps: ApiDeps, edge: Edge, secret: string) {
  const token = (await deps.edgeTerms?.printToken(secret)) ?? '';
  return { ...toEdgeJson(edge, deps.clock.now()), token };
}
