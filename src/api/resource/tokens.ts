import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { createToken } from '../../operation/create-token.ts';
import { deleteToken } from '../../operation/delete-token.ts';
import { rollToken } from '../../operation/roll-token.ts';
import { updateToken } from '../../operation/update-token.ts';
import type { RequestIp } from '../../pack/client-address.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import type { Policy } from '../../pack/permission.ts';
import type { Token, TokenRecord, TokenTerms } from '../../store/token-row.ts';
import { getTokenRecord, listTokens } from '../../store/tokens.ts';
import { listZones } from '../../store/zone-list.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, demandAll, isHexId } from '../http/auth.ts';
import { listOf, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { PAGES, PageInfo, Query, readPage, readText } from '../http/page.ts';
import { PERMISSION_GROUPS, PolicyReply, toPolicyReplies } from './token-policies.ts';
import { NewTokenBody, TokenBody, toTerms } from './token-terms.ts';

const Params = Type.Object({ token_id: Type.String() });

const Networks = Type.Optional(Type.Array(Type.String()));
const TokenReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  issued_on: Type.String(),
  modified_on: Type.String(),
  last_used_on: Type.Optional(Type.String()),
  not_before: Type.Optional(Type.String()),
  expires_on: Type.Optional(Type.String()),
  policies: Type.Array(PolicyReply),
  condition: Type.Optional(Type.Object({ request_ip: Type.Object({ in: Networks, not_in: Networks }) })),
});
const VERIFY = {
  operationId: 'user-api-tokens-verify-token',
  summary: 'Whether the caller’s token is good',
  response: okOf(Type.Object({ id: Type.String(), status: Type.String() })),
};
const GROUPS = {
  operationId: 'permission-groups-list-permission-groups',
  summary: 'What can be granted',
  querystring: Query,
  parameters: { name: Type.String(), scope: Type.String() },
  response: okOf(
    Type.Array(Type.Object({ id: Type.String(), name: Type.String(), scopes: Type.Array(Type.String()) })),
  ),
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
  body: NewTokenBody,
  response: okOf(Type.Intersect([TokenReply, Type.Object({ value: Type.String() })])),
};
const GET = {
  operationId: 'user-api-tokens-token-details',
  summary: 'Get a token',
  params: Params,
  response: okOf(TokenReply),
};
const PUT = {
  operationId: 'user-api-tokens-update-token',
  summary: 'Change a token: what it may, from where, when, and whether it is on',
  params: Params,
  body: TokenBody,
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

/** Routes of /user/tokens. Tokens are the account's: whoever may write them sees and makes them, up to what it may itself. */
export const tokenRoutes =
  (deps: Pick<ApiDeps, 'pool' | 'clock' | 'quotas'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { pool, clock } = deps;
    app.get('/user/tokens/verify', { schema: VERIFY }, async ({ token }) => {
      const found = await getTokenRecord(pool, token.accountId, token.id);
      const message = { code: 10000, message: 'This API Token is valid and active' };
      return ok({ id: token.id, status: 'active', ...(found && timesOf(found)) }, [message]);
    });
    app.get('/user/tokens/permission_groups', { schema: GROUPS }, async ({ query }) => {
      const [name, scope] = [readText(query, 'name'), readText(query, 'scope')];
      return ok(
        PERMISSION_GROUPS.filter((one) => (name ?? one.name) === one.name && isIn(one.scopes, scope)),
      );
    });
    app.get('/user/tokens', { schema: LIST }, async ({ token, query }) => {
      demandAll(token, 'API Tokens Read');
      const pages = readPage(query);
      const { tokens, total } = await listTokens(pool, token.accountId, pages);
      const info = toResultInfo({ ...pages, count: tokens.length, total });
      return { ...ok(tokens.map((one) => toReply(one, clock.now()))), result_info: info };
    });
    app.get('/user/tokens/:token_id', { schema: GET }, async ({ token, params }) => {
      demandAll(token, 'API Tokens Read');
      return ok(await replyFor(deps, token, params.token_id));
    });
    await app.register(changes(deps));
  };

const isIn = (scopes: readonly string[], scope: string | undefined): boolean =>
  scope === undefined || scopes.includes(scope);

/** What makes, changes and takes away. */
const changes =
  (deps: Pick<ApiDeps, 'pool' | 'clock'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post('/user/tokens', { schema: POST }, async (request) => {
      const { token, body } = request;
      demandAll(token, 'API Tokens Write');
      const terms = toTerms(body, token.accountId);
      checkName(terms.name, undefined);
      await checkZones(deps, terms, []);
      const { id, secret } = await createToken(deps, terms, { by: actorOf(request), maker: token });
      return ok({ ...(await replyFor(deps, token, id)), value: secret });
    });
    app.put('/user/tokens/:token_id', { schema: PUT }, async (request) => {
      const { token, body, params } = request;
      demandAll(token, 'API Tokens Write');
      const before = await record(deps, token, params.token_id);
      const terms = toTerms(body, token.accountId);
      checkName(terms.name, before.name);
      await checkZones(deps, terms, before.policies);
      await updateToken(deps, { id: before.id, terms, by: actorOf(request), changer: token });
      return ok(await replyFor(deps, token, before.id));
    });
    app.delete('/user/tokens/:token_id', { schema: DELETE }, async (request) => {
      const { token, params } = request;
      demandAll(token, 'API Tokens Write');
      const found = await record(deps, token, params.token_id);
      await deleteToken(deps, found, { by: actorOf(request), changer: token });
      return ok({ id: found.id });
    });
    app.put('/user/tokens/:token_id/value', { schema: ROLL }, async (request) => {
      const { token, params } = request;
      demandAll(token, 'API Tokens Write');
      const found = await record(deps, token, params.token_id);
      return ok(await rollToken(deps, found, { by: actorOf(request), changer: token }));
    });
  };

/** Throws `token_not_found` for what is no token of the caller's account. */
async function record(
  { pool }: Pick<ApiDeps, 'pool'>,
  { accountId }: Token,
  id: string,
): Promise<TokenRecord> {
  const found = isHexId(id) ? await getTokenRecord(pool, accountId, id) : undefined;
  if (found) return found;
  throw new Fault('token_not_found', `there is no token ${id.slice(0, 64)}`);
}

/** Users are told by their names: nobody becomes one, and none becomes another. */
function checkName(name: string, before: string | undefined): void {
  if (name === before || !(isOfUser(name) || isOfUser(before ?? ''))) return;
  const sentence = "a name that begins with 'user' is a user's alone, and stays";
  throw new Fault('malformed_request', sentence, { pointer: '/name' });
}

const isOfUser = (name: string): boolean => /^user\b/i.test(name);

/** Throws `malformed_request` with a pointer where policies name a zone that the account does not have, nor had before. */
async function checkZones(
  { pool }: Pick<ApiDeps, 'pool'>,
  { policies, accountId }: TokenTerms,
  before: readonly Policy[],
): Promise<void> {
  const wanted = namedIn(policies).filter((id) => !namedIn(before).includes(id));
  if (wanted.length === 0) return;
  const { zones } = await listZones(pool, { accountId, ids: wanted, page: 1, perPage: wanted.length });
  const missing = wanted.find((id) => !zones.some((zone) => zone.id === id));
  if (missing === undefined) return;
  const i = policies.findIndex((policy) => namedIn([policy]).includes(missing));
  const sentence = `the account has no zone ${missing}`;
  throw new Fault('malformed_request', sentence, { pointer: `/policies/${i}/resources` });
}

const namedIn = (policies: readonly Policy[]): string[] => [
  ...new Set(policies.flatMap(({ zones }) => (zones === 'all' ? [] : zones))),
];

const replyFor = async (
  deps: Pick<ApiDeps, 'pool' | 'clock'>,
  by: Token,
  id: string,
): Promise<Static<typeof TokenReply>> => toReply(await record(deps, by, id), deps.clock.now());

const timesOf = ({ notBefore, expiresOn }: TokenRecord) => ({
  ...(notBefore && { not_before: toWireTime(notBefore) }),
  ...(expiresOn && { expires_on: toWireTime(expiresOn) }),
});

const toReply = (token: TokenRecord, now: Date): Static<typeof TokenReply> => ({
  id: token.id,
  name: token.name,
  status: statusOf(token, now),
  issued_on: toWireTime(token.createdOn),
  modified_on: toWireTime(token.modifiedOn),
  ...(token.lastUsedOn && { last_used_on: toWireTime(token.lastUsedOn) }),
  ...timesOf(token),
  policies: toPolicyReplies(token.policies, token.accountId),
  ...(token.requestIp && { condition: { request_ip: toAddresses(token.requestIp) } }),
});

const toAddresses = ({ in: inside, not_in: outside }: RequestIp) => ({
  ...(inside && { in: [...inside] }),
  ...(outside && { not_in: [...outside] }),
});

function statusOf({ expiresOn, isDisabled, isHeld }: TokenRecord, now: Date): string {
  if (expiresOn && expiresOn <= now) return 'expired';
  return isDisabled || isHeld ? 'disabled' : 'active';
}
