import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AnsweredRequest, HttpOptions } from '../deps.ts';

/** Names each request in its answer, and tells and logs that it was answered: nothing of what it or the answer carried. */
export function logAccess(
  app: FastifyInstance,
  { isLogged }: HttpOptions,
  onAnswer: ((answer: AnsweredRequest) => void) | undefined,
): void {
  // Asked for at once: a client that has gone by the end has no address any more.
  const addresses = new WeakMap<FastifyRequest, string>();
  app.addHook('onRequest', (request, reply, done) => {
    if (isLogged) addresses.set(request, request.ip);
    reply.raw.setHeader('x-request-id', request.id);
    done();
  });
  if (!isLogged && !onAnswer) return;
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const { statusCode: status } = reply.raw;
    // What a caller wanted to wait is no time that the answer took.
    const seconds = (reply.elapsedTime - request.waitedMs) / 1_000;
    onAnswer?.({ method: request.method, route, status, seconds });
    if (isLogged) {
      const ms = Math.round(reply.elapsedTime * 10) / 10;
      const about = {
        method: request.method,
        route,
        status,
        ms,
        token: tokenIdOf(request),
        address: addresses.get(request),
      };
      request.log.info(about, 'answered');
    }
    done();
  });
}

/** Id of the caller's token, where the route asked for it. */
const tokenIdOf = (request: FastifyRequest): string | undefined =>
  'token' in request ? request.token?.id : undefined;
