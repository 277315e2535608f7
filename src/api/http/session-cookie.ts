/** The cookie of a browser that is signed in. */
import type { FastifyRequest } from 'fastify';
import { between, type Seconds } from '../../kit/time.ts';
import { SESSION_SECRET } from '../../store/sessions.ts';

type Asking = Pick<FastifyRequest, 'headers' | 'protocol'>;

/** How the cookie is called, and where it is sent; over TLS the browser holds that no neighbour wrote it (`__Host-`). */
const kindOf = ({ protocol }: Pick<Asking, 'protocol'>) =>
  protocol === 'https'
    ? { name: '__Host-certpacks', ways: 'Path=/; Secure' }
    : { name: 'certpacks', ways: 'Path=/client/v4/' };

/** The secret of the session, undefined where no cookie can be one. */
export function sessionCookieIn(request: Asking): string | undefined {
  const { cookie } = request.headers;
  if (cookie === undefined) return undefined;
  const { name } = kindOf(request);
  for (const one of cookie.split(';')) {
    const [key, value = ''] = one.trim().split('=', 2);
    if (key === name && SESSION_SECRET.test(value)) return value;
  }
  return undefined;
}

/** `Set-Cookie` of a session. Scripts do not see it, and the browser sends it along from our own pages alone. */
export function sessionCookie(
  request: Asking,
  { secret, expiresOn }: { readonly secret: string; readonly expiresOn: Date },
  now: Date,
): string {
  return cookieOf(request, secret, Math.max(0, Math.floor(between(now, expiresOn))));
}

/** `Set-Cookie` that takes it away. */
export const noSessionCookie = (request: Asking): string => cookieOf(request, '', 0);

function cookieOf(request: Asking, value: string, maxAge: Seconds): string {
  const { name, ways } = kindOf(request);
  return `${name}=${value}; Max-Age=${maxAge}; ${ways}; HttpOnly; SameSite=Strict`;
}
