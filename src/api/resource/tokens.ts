import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { createToken } from '../../operation/create-token.ts';
import { deleteToken } from '../../operation/delete-token.ts';
import { rollToken } from '../../operation/roll-token.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { getTokenRecord, listTokens, type NewToken, type TokenRecord } from '../../store/tokens.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, demandAccount, isHexId } from '../http/auth.ts';
import { listOf, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { PAGES, PageInfo, Query, readPage } from '../http/page.ts';
import { PERMISSION_GROUPS, Policies, toPolicies, toScope } from './token-policies.ts';

const Params = Type.Object({ token_id: Type.String() });
const Instant = Type.String({ minLength: 10, maxLength: 40 });
const Body = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 120 }),
  policies: Policies,
  not_before: Type.Optional(Instant),
  expires_on: Type.Optional(Instant),
});

const TokenReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  issued_on: Type.String(),
  modified_on: Type.String(),
  last_used_on: Type.Optional(Type.String()),
  not_before: Type.Optional(Type.String()),
  expires_on: Type.Optional(Type.String()),
  policies: Type.Array(Type.Unknown()),
});
const VERIFY = {
  operationId: 'user-api-tokens-verify-token',
  summary: 'Whether the caller’s token is good',
  response: okOf(Type.Object({ id: Type.String(), status: Type.String() })),
};
const GROUPS = {
  operationId: 'permission-groups-list-permission-groups',
  summary: 'What can be granted',
  response: okOf(Type.Array(Type.Object({ id: Type.String(), name: Type.String() }))),
};
const LIST = {
  operationId: 'user-api-tokens-list-tokens',
  summary: 'List tokens',
  querystring: Query,
  parameters: PAGES,
  response: listOf(TokenReply, PageInfo),
};
const POST = {
  operationId: 'user-api-tokens-create-token',
  summary: 'Make a token; its secret is in this answer alone',
  body: Body,
  response: okOf(Type.Intersect([TokenReply, Type.Object({ value: Type.String() })])),
};
const GET = {
  operationId: 'user-api-tokens-token-details',
  summary: 'Get a token',
  params: Params,
  response: okOf(TokenReply),
};
const DELETE = {
  operationId: 'user-api-tokens-delete-token',
  summary: 'Take a token away',
  params: Params,
  response: okOf(Type.Object({ id: Type.String() })),
};
const ROLL = {
  operationId: 'user-api-tokens-roll-token',
  summary: 'Give a token another secret',
  params: Params,
  body: Type.Optional(Type.Union([Type.Null(), Type.Object({})])),
  response: okOf(Type.String()),
};

/** Routes of /user/tokens. Tokens are the account's: whoever may write for all of it may see and make them. */
export const tokenRoutes =
  (deps: Pick<ApiDeps, 'pool' | 'clock'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { pool, clock } = deps;
    app.get('/user/tokens/verify', { schema: VERIFY }, async ({ token }) => {
      const found = await getTokenRecord(pool, token.accountId, token.id);
      const message = { code: 10000, message: 'This API Token is valid and active' };
      return ok({ id: token.id, status: 'active', ...(found && timesOf(found)) }, [message]);
    });
    app.get('/user/tokens/permission_groups', { schema: GROUPS }, () => ok(PERMISSION_GROUPS));
    app.get('/user/tokens', { schema: LIST }, async (request) => {
      demandAccount(request, 'API Tokens Read');
      const pages = readPage(request.query);
      const { tokens, total } = await listTokens(pool, request.token.accountId, pages);
      const info = toResultInfo({ ...pages, count: tokens.length, total });
      return { ...ok(tokens.map((one) => toReply(one, clock.now()))), result_info: info };
    });
    app.post('/user/tokens', { schema: POST }, async (request) => {
      demandAccount(request, 'API Tokens Write');
      const token = toNewToken(request.token.accountId, request.body);
      const { id, secret } = await createToken(deps, token, actorOf(request));
      return ok({ ...toReply(await record(deps, request, id), clock.now()), value: secret });
    });
    app.get('/user/tokens/:token_id', { schema: GET }, async (request) => {
      demandAccount(request, 'API Tokens Read');
      return ok(toReply(await record(deps, request, request.params.token_id), clock.now()));
    });
    app.delete('/user/tokens/:token_id', { schema: DELETE }, async (request) => {
      demandAccount(request, 'API Tokens Write');
      const found = await record(deps, request, request.params.token_id);
      await deleteToken(deps, found, actorOf(request));
      return ok({ id: found.id });
    });
    app.put('/user/tokens/:token_id/value', { schema: ROLL }, async (request) => {
      demandAccount(request, 'API Tokens Write');
      const found = await record(deps, request, request.params.token_id);
      const secret = await rollToken(deps, found, actorOf(request));
      return ok(secret);
    });
  };

/** Throws `invalid_object_id` for what is no token of the caller's account. */
async function record(
  { pool }: Pick<ApiDeps, 'pool'>,
  { token }: FastifyRequest,
  id: string,
): Promise<TokenRecord> {
  const found = isHexId(id) ? await getTokenRecord(pool, token.accountId, id) : undefined;
  if (found) return found;
  throw new Fault('token_not_found', `there is no token ${id.slice(0, 64)}`);
}

function toNewToken(accountId: string, body: Static<typeof Body>): NewToken {
  if (/^user\b/i.test(body.name))
    throw new Fault('malformed_request', "a name that begins with 'user' is a user's alone", {
      pointer: '/name',
    });
  const notBefore = instantOf(body.not_before, '/not_before');
  const expiresOn = instantOf(body.expires_on, '/expires_on');
  if (notBefore && expiresOn && notBefore >= expiresOn)
    throw new Fault('malformed_request', 'expires_on must be after not_before', { pointer: '/expires_on' });
  return { accountId, name: body.name, ...toScope(body.policies), notBefore, expiresOn };
}

/** RFC 3339. */
function instantOf(text: string | undefined, pointer: string): Date | undefined {
  if (text === undefined) return undefined;
  const instant = new Date(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? text : Number.NaN);
  if (!Number.isNaN(instant.getTime())) return instant;
  throw new Fault('malformed_request', `${pointer.slice(1)} must be an instant of RFC 3339`, { pointer });
}

const timesOf = ({ notBefore, expiresOn }: TokenRecord) => ({
  ...(notBefore && { not_before: toWireTime(notBefore) }),
  ...(expiresOn && { expires_on: toWireTime(expiresOn) }),
});

const toReply = (token: TokenRecord, now: Date) => ({
  id: token.id,
  name: token.name,
  status: token.expiresOn && token.expiresOn <= now ? 'expired' : 'active',
  issued_on: toWireTime(token.createdOn),
  modified_on: toWireTime(token.modifiedOn),
  ...(token.lastUsedOn && { last_used_on: toWireTime(token.lastUsedOn) }),
  ...timesOf(token),
  policies: toPolicies(token),
});
