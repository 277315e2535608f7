import { type FastifyPluginAsyncTypebox, type Static } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { createToken } from '../../operation/create-token.ts';
import { deleteToken } from '../../operation/delete-token.ts';
import { rollToken } from '../../operation/roll-token.ts';
import { updateToken } from '../../operation/update-token.ts';
import { isGranted, isGrantedAnywhere, type Policy } from '../../pack/permission.ts';
import type { Token, TokenRecord, TokenTerms } from '../../store/token-row.ts';
import { getTokenRecord, listTokens } from '../../store/tokens.ts';
import { listZones } from '../../store/zone-list.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, checkAccount, demandAll, isHexId } from '../http/auth.ts';
import { ok, toResultInfo } from '../http/envelope.ts';
import { type Query, readChoice, readPage, readText } from '../http/page.ts';
import { type TokenReply, timesOf, toTokenReply } from './token-json.ts';
import { PERMISSION_GROUPS } from './token-policies.ts';
import { TOKEN_PLACES, type TokenPlace, tokenSchemas } from './token-schema.ts';
import { toTerms } from './token-terms.ts';

type TokenDeps = Pick<ApiDeps, 'pool' | 'clock' | 'quotas'>;

/**
 * Routes of /user/tokens and /accounts/{account_id}/tokens, which are the same: tokens are the account's. Whoever may write
 * them sees and makes them, up to what it may itself.
 */
export const tokenRoutes =
  (deps: TokenDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    for (const place of TOKEN_PLACES)
      await app.register(async (at) => {
        if (place.isOfAccount)
          at.addHook<{ Params: { account_id: string } }>('onRequest', async (request) => {
            checkAccount(request.token, request, request.params.account_id, 'API Tokens Read');
          });
        await at.register(reads(deps, place));
        await at.register(changes(deps, place));
      });
  };

/** What is told of tokens, and of what they can be given. */
const reads =
  (deps: TokenDeps, place: TokenPlace): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { pool, clock } = deps;
    const { path } = place;
    const schema = tokenSchemas(place);
    app.get(`${path}/verify`, { schema: schema.verify }, async ({ token }) => {
      const found = await getTokenRecord(pool, token.accountId, token.id);
      const message = { code: 10000, message: 'This API Token is valid and active' };
      return ok({ id: token.id, status: 'active', ...(found && timesOf(found)) }, [message]);
    });
    app.get(`${path}/permission_groups`, { schema: schema.groups }, async ({ query, token }) =>
      ok(groupsFor(token, query)),
    );
    app.get(path, { schema: schema.list }, async ({ token, query }) => {
      demandAll(token, 'API Tokens Read');
      const pages = readPage(query);
      const now = clock.now();
      const { tokens, total } = await listTokens(pool, token.accountId, {
        ...pages,
        isDescending: readChoice(query, 'direction', ['asc', 'desc']) === 'desc',
        endingAfter: hidesExpired(place, query) ? now : undefined,
      });
      const info = toResultInfo({ ...pages, count: tokens.length, total });
      return { ...ok(tokens.map((one) => toTokenReply(one, now))), result_info: info };
    });
    app.get(`${path}/:token_id`, { schema: schema.get }, async ({ token, params }) => {
      demandAll(token, 'API Tokens Read');
      return ok(await replyFor(deps, token, params.token_id));
    });
  };

/** By the account's path Cloudflare shows them only to who asks for them. */
const hidesExpired = ({ isOfAccount }: TokenPlace, query: Query): boolean =>
  isOfAccount && readChoice(query, 'include_expired', ['true', 'false']) !== 'true';

/** Permission groups by their filters, each with whether the caller can give it to a token that it makes. */
function groupsFor({ policies }: Token, query: Query) {
  const [name, scope] = [readText(query, 'name'), readText(query, 'scope')];
  const isMaker = isGranted(policies, 'API Tokens Write');
  return PERMISSION_GROUPS.filter((one) => (name ?? one.name) === one.name && isIn(one.scopes, scope)).map(
    (one) => ({ ...one, is_selectable: isMaker && isGrantedAnywhere(policies, one.name) }),
  );
}

const isIn = (scopes: readonly string[], scope: string | undefined): boolean =>
  scope === undefined || scopes.includes(scope);

/** What makes, changes and takes away. */
const changes =
  (deps: TokenDeps, place: TokenPlace): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { path } = place;
    const schema = tokenSchemas(place);
    app.post(path, { schema: schema.create }, async (request) => {
      const { token, body } = request;
      demandAll(token, 'API Tokens Write');
      const terms = toTerms(body, token.accountId);
      checkName(terms.name, undefined);
      await checkZones(deps, terms, []);
      const { id, secret } = await createToken(deps, terms, { by: actorOf(request), maker: token });
      return ok({ ...(await replyFor(deps, token, id)), value: secret });
    });
    app.put(`${path}/:token_id`, { schema: schema.update }, async (request) => {
      const { token, body, params } = request;
      demandAll(token, 'API Tokens Write');
      const before = await record(deps, token, params.token_id);
      const terms = toTerms(body, token.accountId);
      checkName(terms.name, before.name);
      await checkZones(deps, terms, before.policies);
      await updateToken(deps, { id: before.id, terms, by: actorOf(request), changer: token });
      return ok(await replyFor(deps, token, before.id));
    });
    app.delete(`${path}/:token_id`, { schema: schema.delete }, async (request) => {
      const { token, params } = request;
      demandAll(token, 'API Tokens Write');
      const found = await record(deps, token, params.token_id);
      await deleteToken(deps, found, { by: actorOf(request), changer: token });
      return ok({ id: found.id });
    });
    app.put(`${path}/:token_id/value`, { schema: schema.roll }, async (request) => {
      const { token, params } = request;
      demandAll(token, 'API Tokens Write');
      const found = await record(deps, token, params.token_id);
      return ok(await rollToken(deps, found, { by: actorOf(request), changer: token }));
    });
  };

/** Throws `token_not_found` for what is no token of the caller's account. */
async function record({ pool }: TokenDeps, { accountId }: Token, id: string): Promise<TokenRecord> {
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
  { pool }: TokenDeps,
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

const replyFor = async (deps: TokenDeps, by: Token, id: string): Promise<Static<typeof TokenReply>> =>
  toTokenReply(await record(deps, by, id), deps.clock.now());
