import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../kit/clock.ts';
import { Fault } from '../../kit/fault.ts';
import { createSignInCode, type SignInBy, signIn } from '../../operation/sign-in.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { isGranted, PERMISSION_NAMES, PERMISSIONS, zonesWith } from '../../pack/permission.ts';
import { getAccount } from '../../store/accounts.ts';
import { deleteSession, getTokenByHash, type Session } from '../../store/sessions.ts';
import type { Token } from '../../store/token-row.ts';
import type { ApiDeps } from '../deps.ts';
import { demandOwnPage, isOwnPage } from '../http/credentials.ts';
import { ok, okOf } from '../http/envelope.ts';
import { noSessionCookie, sessionCookie, sessionCookieIn } from '../http/session-cookie.ts';
import { shownBy } from '../http/sessions.ts';

/** What a page may know of who is signed in, and of what the token allows. */
const SessionReply = Type.Object({
  /** By which certificates end: in a simulated world not the machine's. */
  as_of: Type.String(),
  expires_on: Type.String(),
  account: Type.Object({ id: Type.String(), name: Type.String() }),
  token: Type.Object({ id: Type.String(), name: Type.String() }),
  /** By the name of the permission: ids of the zones that it is for, or all. */
  permissions: Type.Record(Type.String(), Type.Union([Type.Literal('all'), Type.Array(Type.String())])),
});

const Secret = Type.String({ minLength: 1, maxLength: 200 });
const POST = {
  operationId: 'sign-in',
  summary: 'Sign a browser in by a token, or by the code of a sign-in link: it is given a cookie',
  isOpen: true,
  body: Type.Object({ token: Type.Optional(Secret), code: Type.Optional(Secret) }),
  response: okOf(SessionReply),
};
const GET = {
  operationId: 'get-session',
  summary: 'Who is signed in at the browser that asks; null: nobody',
  isOpen: true,
  response: okOf(Type.Union([SessionReply, Type.Null()])),
};
const DELETE = {
  operationId: 'sign-out',
  summary: 'Sign the browser that asks out',
  isOpen: true,
  response: okOf(Type.Null()),
};
const CODE = {
  operationId: 'create-sign-in-code',
  summary: 'A code by which a browser signs in as the caller’s token: once, within ten minutes',
  response: okOf(Type.Object({ code: Type.String(), expires_on: Type.String() })),
};

type SessionDeps = Pick<ApiDeps, 'pool' | 'clock'> & { readonly browserClock: Clock };

/** Routes of /user/session, which are for the pages of the dashboard. */
export const sessionRoutes =
  (deps: SessionDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post('/user/session', { schema: POST }, async (request, reply) => {
      demandOwnPage(request);
      const begun = await signIn(deps, shownIn(request.body), { ip: request.ip, request: request.id });
      setCookie(reply, sessionCookie(request, begun, deps.browserClock.now()));
      return ok(await toReply(deps, begun.token, begun));
    });
    app.get('/user/session', { schema: GET }, async (request, reply) => {
      const { session } = request;
      const token = session && (await getTokenByHash(deps.pool, session.tokenHash, deps.clock.now()));
      if (token) return ok(await toReply(deps, token, session));
      // Another page does not sign anybody out by asking.
      if (isOwnPage(request) && sessionCookieIn(request) !== undefined)
        setCookie(reply, noSessionCookie(request));
      return ok(null);
    });
    app.delete('/user/session', { schema: DELETE }, async (request, reply) => {
      demandOwnPage(request);
      const secret = sessionCookieIn(request);
      if (secret !== undefined) await deleteSession(deps.pool, secret);
      setCookie(reply, noSessionCookie(request));
      return ok(null);
    });
  };

/** Route of /user/sign_in_codes. */
export const signInCodeRoute =
  (deps: SessionDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post('/user/sign_in_codes', { schema: CODE }, async (request) => {
      const { code, expiresOn } = await createSignInCode(deps, tokenSecretIn(request));
      return ok({ code, expires_on: toWireTime(expiresOn) });
    });
  };

/** A session makes no other: it would have no end. */
function tokenSecretIn(request: FastifyRequest): string {
  const { shown } = shownBy(request);
  if (typeof shown === 'string') return shown;
  throw new Fault('missing_permission', 'a sign-in code is made by a token itself, not by a session of it');
}

function shownIn({ token, code }: Static<typeof POST.body>): SignInBy {
  if (token !== undefined && code === undefined) return { token };
  if (code !== undefined && token === undefined) return { code };
  throw new Fault('malformed_request', 'send either token or code', { pointer: '/token' });
}

/** Answers with cookies are for one browser alone. */
function setCookie(reply: FastifyReply, cookie: string): void {
  reply.header('set-cookie', cookie).header('cache-control', 'no-store');
}

async function toReply(
  { pool, clock }: Pick<ApiDeps, 'pool' | 'clock'>,
  { id, name, accountId, policies }: Token,
  { expiresOn }: Session,
): Promise<Static<typeof SessionReply>> {
  const account = await getAccount(pool, accountId);
  if (!account) throw new Fault('invalid_token', 'the account is not there any more');
  return {
    as_of: toWireTime(clock.now()),
    expires_on: toWireTime(expiresOn),
    account: { id: account.id, name: account.name },
    token: { id, name },
    permissions: Object.fromEntries(
      PERMISSION_NAMES.map((one) => [one, reachOf(policies, one)] as const).filter(
        ([, reach]) => reach.length > 0,
      ),
    ),
  };
}

function reachOf(
  policies: Token['policies'],
  permission: (typeof PERMISSION_NAMES)[number],
): 'all' | string[] {
  if (PERMISSIONS[permission].scope === 'account') return isGranted(policies, permission) ? 'all' : [];
  const zones = zonesWith(policies, permission);
  return zones === 'all' ? zones : [...zones];
}
