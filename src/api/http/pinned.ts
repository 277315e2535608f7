import type { FastifyInstance } from 'fastify';
import type { Pinned } from '../deps.ts';

const READS = ['GET', 'HEAD', 'OPTIONS'];
/** With a body that says all of a record. */
const WHOLE = ['POST', 'PUT'];
const HOSTNAMES = /\/zones\/([0-9a-f]{32})\/custom_hostnames$/;
const RECORDS = /\/zones\/([0-9a-f]{32})\/dns_records(?:\/([0-9a-f]{32}))?$/;

/** Has what a stand-in pins there again before each request behind one that may have changed it. */
export function keepPinned(app: FastifyInstance, pinned: Pinned): void {
  app.addHook('onRequest', () => pinned.restore());
  app.addHook('onSend', async ({ method }) => {
    if (!READS.includes(method)) pinned.changed();
  });
  app.addHook('preValidation', async ({ method, url, body }) => {
    if (!READS.includes(method)) await makeWay(pinned, { method, url }, body);
    const account = body instanceof Object && 'account' in body ? body.account : undefined;
    if (account instanceof Object && 'id' in account) account.id = pinned.rewrite(String(account.id));
  });
}

/** A client's suite makes the same record more than once, and records without a content, which are refused elsewhere. */
async function makeWay(
  pinned: Pinned,
  { method, url }: { readonly method: string; readonly url: string },
  body: unknown,
): Promise<void> {
  const path = url.split('?')[0] ?? '';
  const [, hostnameZone] = HOSTNAMES.exec(path) ?? [];
  if (hostnameZone !== undefined && body instanceof Object && 'hostname' in body)
    await pinned.makeHostnameRoom(hostnameZone, String(body.hostname));
  const [, zoneId, id] = RECORDS.exec(path) ?? [];
  if (zoneId === undefined) return;
  if (WHOLE.includes(method)) pinned.complete(zoneId, body);
  await pinned.makeRoom({ zoneId, id }, body);
}
