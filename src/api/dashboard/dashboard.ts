/** Serves the dashboard: its page and what that loads. All that it shows it asks the API for, as any other client. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Fault } from '../../kit/fault.ts';
import type { DashboardFile, DashboardSource } from '../deps.ts';
import { bareOf } from '../http/envelope.ts';

/** Where it is. */
export const DASHBOARD = '/dashboard/';

/** What browsers hold the page to: its own scripts and styles, this API, no other host, no frame around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  vary: 'accept-encoding',
};

const SCHEMA = { isHidden: true, response: bareOf('text/html', Type.String()) };
const PAGE = 'index.html';

/** Adds the routes of the dashboard. */
export function serveDashboard(app: FastifyInstance, source: DashboardSource): void {
  for (const path of ['/', '/dashboard'])
    app.get(path, { schema: SCHEMA }, (_, reply) => reply.redirect(DASHBOARD, 302));
  app.get<{ Params: { '*': string } }>(`${DASHBOARD}*`, { schema: SCHEMA }, async (request, reply) => {
    const name = request.params['*'] || PAGE;
    const file = (await source()).get(name);
    if (!file) throw new Fault('no_such_route', 'the dashboard has no such file');
    return send(request, reply, { ...file, isPage: name === PAGE });
  });
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  file: DashboardFile & { readonly isPage: boolean },
): Promise<FastifyReply> {
  // The page names its files by their hashes: these never change, the page does with the next version.
  const caching = file.isPage ? 'no-cache' : 'public, max-age=31536000, immutable';
  reply.headers(HEADERS).type(file.type).header('cache-control', caching);
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.body);
  return reply.header('content-encoding', 'gzip').send(await packed(file.body));
}

const PACKED = new WeakMap<Buffer, Promise<Buffer>>();
const pack = promisify<Buffer, { level: number }, Buffer>(gzip);

/** Each file is packed once. */
function packed(body: Buffer): Promise<Buffer> {
  const known = PACKED.get(body) ?? pack(body, { level: 9 });
  PACKED.set(body, known);
  return known;
}
