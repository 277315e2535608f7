import type { FastifyPluginAsync } from 'fastify';
import { ok } from './envelope.ts';

/** Routes of /user/tokens. */
export const tokenRoutes = (): FastifyPluginAsync => async (app) => {
  app.get('/user/tokens/verify', ({ token }) =>
    ok({ id: token.id, status: 'active' }, [{ code: 10000, message: 'This API Token is valid and active' }]),
  );
};
