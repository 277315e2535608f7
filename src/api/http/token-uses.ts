import type { FastifyInstance } from 'fastify';
import { noteTokenUses } from '../../operation/note-token-uses.ts';
import type { ApiDeps } from '../deps.ts';

/** How often it is written down which tokens were used, in milliseconds. */
const WRITE_MS = 60_000;

/** Writes down when tokens were used, now and then and never while a request waits for it. */
export function keepTokenUses(
  app: FastifyInstance,
  { pool, clock, log }: Pick<ApiDeps, 'pool' | 'clock' | 'log'>,
): void {
  const used = new Set<string>();
  app.addHook('onResponse', (request, _, done) => {
    // Routes without a token have none, whatever the type says.
    const { token }: { token?: { readonly id: string } | null } = request;
    if (token) used.add(token.id);
    done();
  });
  const write = async () => {
    const ids = [...used];
    used.clear();
    if (ids.length > 0) await noteTokenUses({ pool, clock }, ids);
  };
  const fail = (error: unknown) => log.warn({ err: error }, 'it is not written down which tokens were used');
  const timer = setInterval(() => void write().catch(fail), WRITE_MS).unref();
  app.addHook('onClose', async () => {
    clearInterval(timer);
    await write().catch(fail);
  });
}
