import type { FastifyInstance } from 'fastify';
import type { Pinned } from '../deps.ts';

const READS = ['GET', 'HEAD', 'OPTIONS'];
const RECORDS = /\/zones\/([0-9a-f]{32})\/dns_records(?:\/[0-9a-f]{32})?$/;

/** Has what a stand-in pins there again before each request behind one that may have changed it. */
export function keepPinned(app: FastifyInstance, pinned: Pinned): void {
  app.addHook('onRequest', () => pinned.restore());
  app.addHook('onSend', async ({ method }) => {
    if (!READS.includes(method)) pinned.changed();
  });
  // A client's suite makes the same record more than once, which is refused elsewhere.
  app.addHook('preValidation', async ({ method, url, body }) => {
    const [, zoneId] = RECORDS.exec(url.split('?')[0] ?? '') ?? [];
    if (zoneId !== undefined && !READS.includes(method)) await pinned.makeRoom(zoneId, body);
    const account = body instanceof Object && 'account' in body ? body.account : undefined;
    if (account instanceof Object && 'id' in account) account.id = pinned.rewrite(String(account.id));
  });
}
