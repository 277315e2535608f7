import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { checkWritable } from '../../store/readiness.ts';
import type { ApiDeps } from '../deps.ts';
import { ok, okOf } from './envelope.ts';

/** Longest that the database may take to say that it is there, in milliseconds. */
const PATIENCE_MS = 2_000;

/** Code of the message that says that the clock is off: requests are answered, and work is left to others. */
const CLOCK_OFF = 1004;

/**
 * Routes for whoever watches over the process, without a token: `/healthz` answers while it lives, `/readyz` while it can
 * work, else 503 with `Retry-After` and the reason. What does not keep it from answering stands in `messages`.
 */
export const healthRoutes =
  ({
    pool,
    isStopping,
    clockTrouble,
  }: Pick<ApiDeps, 'pool' | 'isStopping' | 'clockTrouble'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const told = { isOpen: true, response: okOf(Type.Object({ status: Type.String() })) };
    const alive = { operationId: 'healthz', summary: 'Whether the process lives', ...told };
    app.get('/healthz', { schema: alive }, async () => ok({ status: 'alive' }));
    const ready = { operationId: 'readyz', summary: 'Whether the process can work', ...told };
    app.get('/readyz', { schema: ready }, async () => {
      if (isStopping?.()) throw new Fault('database_unavailable', 'this process is about to end');
      await answers(pool);
      const message = clockTrouble?.();
      return ok({ status: 'ready' }, message === undefined ? [] : [{ code: CLOCK_OFF, message }]);
    });
  };

async function answers(pool: ApiDeps['pool']): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = () =>
    reject(new Fault('database_unavailable', `the database did not answer within ${PATIENCE_MS} ms`));
  const timer = setTimeout(late, PATIENCE_MS);
  try {
    await Promise.race([checkWritable(pool), promise]);
  } finally {
    clearTimeout(timer);
  }
}
