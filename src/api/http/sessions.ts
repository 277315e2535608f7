import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import type { Shown } from '../../store/authentication.ts';
import { getSession, type Session } from '../../store/sessions.ts';
import type { ApiDeps } from '../deps.ts';
import { type Credential, credentialOf } from './credentials.ts';
import { sessionCookieIn } from './session-cookie.ts';

type Asking = Pick<FastifyRequest, 'headers' | 'protocol'>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the browser that asks, where that is how it is let in. */
    session: Session | undefined;
  }
}

/** Finds the session of each request that is let in by one. None is found where nobody signs in by browser. */
export function findSessions(app: FastifyInstance, deps: Pick<ApiDeps, 'pool' | 'browserClock'>): void {
  app.decorateRequest('session');
  if (!deps.browserClock) return;
  app.addHook('onRequest', async (request, reply) => {
    await findSession(deps, request);
    // Whoever uses the browser next is not shown it by a cache.
    if (request.session) reply.header('cache-control', 'private, no-store');
  });
}

/** Finds the session of a request: anew, where one goes on for so long that it may be over by now. */
export async function findSession(
  { pool, browserClock }: Pick<ApiDeps, 'pool' | 'browserClock'>,
  request: FastifyRequest,
): Promise<void> {
  const secret = sessionSecretIn(request);
  if (secret === undefined || !browserClock) return;
  request.session = await getSession(pool, secret, browserClock.now());
}

/** The secret of the session that a request is let in by; undefined where there is none. */
function sessionSecretIn(request: Asking): string | undefined {
  if (sessionCookieIn(request) === undefined) return undefined;
  try {
    const { kind, secret } = credentialOf(request);
    return kind === 'session' ? secret : undefined;
  } catch {
    return undefined; // Routes that want to know who asks say what is wrong.
  }
}

/** What shows which token asks. Throws as `credentialOf`, and `invalid_token` for a session that is over. */
export function shownBy(request: Asking & Pick<FastifyRequest, 'session'>): {
  readonly kind: Credential['kind'];
  readonly shown: Shown;
} {
  const { kind, secret } = credentialOf(request);
  if (kind !== 'session') return { kind, shown: secret };
  if (request.session) return { kind, shown: request.session.tokenHash };
  throw new Fault('invalid_token', 'the session is over: sign in again');
}
