import { createHash } from 'node:crypto';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../kit/fault.ts';
import { ENVIRONMENTS, PACK_STATUSES } from '../pack/pack.ts';
import { WIRE_VERSION } from '../pack/reply.ts';
import type { ListFilter } from '../pack/tally.ts';
import { Gate } from '../store/gate.ts';
import { listPage, type Page } from '../store/list.ts';
import { getPackAt } from '../store/packs.ts';
import type { ApiDeps } from './api.ts';
import { passInto } from './auth.ts';
import { codingFor, encode } from './encoding.ts';
import { type ListInfo, pageBody } from './envelope.ts';
import { type PageQuery, Query, readChoice, readPage } from './page.ts';
import { type CachedPage, PageCache } from './page-cache.ts';
import { renderedAgain } from './rendered.ts';

/** What the list needs beside the rest of the API. */
interface ListDeps extends ApiDeps {
  readonly cache: PageCache;
  /** Changes when the same version of a zone would be rendered in another way. */
  readonly edition: string;
}

/**
 * Route of GET /zones/{zone_id}/ssl/certificate_packs. Token and zone are read from the database in every request; the
 * page itself is not, where one of the zone's present version is at hand.
 */
export const packListRoute =
  (given: ApiDeps): FastifyPluginAsync =>
  async (app) => {
    const gate = new Gate(given.reader);
    const deps = { ...given, cache: new PageCache(given.pageCacheBytes), edition: editionOf(given) };
    app.get<{ Params: { zone_id: string }; Querystring: Query }>(
      '/zones/:zone_id/ssl/certificate_packs',
      async (request, reply) => {
        const { zone_id: zoneId } = request.params;
        const { version } = await passInto(gate, request, zoneId, 'SSL and Certificates Read');
        const ask = { zoneId, ...readPage(request.query), ...readFilter(request.query) };
        await answer(deps, { request, reply }, ask, version);
        return reply;
      },
    );
  };

/** Which packs are asked for; the default is what is served. Throws `malformed_request` with a pointer. */
function readFilter(query: Query): ListFilter {
  const status = readChoice(query, 'status', ['all', ...PACK_STATUSES]);
  return { status: status ?? 'served', environment: readChoice(query, 'deploy', ENVIRONMENTS) };
}

type Ask = { readonly zoneId: string } & PageQuery & ListFilter;

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

async function answer(
  deps: ListDeps,
  { request, reply }: Exchange,
  ask: Ask,
  version: number,
): Promise<void> {
  const coding = codingFor(request.headers['accept-encoding']);
  const known = request.headers['if-none-match'];
  if (known !== undefined && isSame(known, `${version}-${deps.edition}`)) {
    return send(reply, 304, tagOf(deps, version, coding));
  }
  const key = `${ask.zoneId} ${ask.status} ${ask.environment} ${ask.page} ${ask.perPage}`;
  const cached = deps.cache.get(key, version);
  const page = cached ?? (await readPageOf(deps, ask, key));
  // What is sent once is not worth the work.
  if (cached && coding !== undefined) {
    const body = await codedBody(deps, key, cached, coding);
    return send(reply, 200, { ...tagOf(deps, version, coding), 'content-encoding': coding }, body);
  }
  send(reply, 200, tagOf(deps, page.version), page.body);
}

/** The page from the database, in one statement with the version that it shows. */
async function readPageOf(deps: ListDeps, ask: Ask, key: string): Promise<CachedPage> {
  const page = await listPage(deps.reader, ask);
  if (!page) throw new Fault('zone_not_found', `zone ${ask.zoneId} not found`);
  const { page: number, perPage } = ask;
  const info: ListInfo = { page: number, perPage, count: page.rows.length, total: page.total };
  const body = pageBody(await upToDate(deps, ask, page), info);
  const made = { version: page.version, body, coded: new Map<string, Buffer>() };
  deps.cache.offer(key, made);
  return made;
}

/** The page's rows, those that an older version rendered rendered again. */
async function upToDate(deps: ListDeps, { zoneId }: Ask, { rows }: Page): Promise<Page['rows']> {
  if (rows.every(({ wireVersion }) => wireVersion >= WIRE_VERSION)) return rows;
  return Promise.all(
    rows.map(async (row) => {
      const wire = await renderedAgain(deps, row, () => getPackAt(deps.pool, zoneId, row.ord));
      if (wire === undefined) return row;
      const bytes = Buffer.from(wire);
      return { ...row, bytes, start: 0, end: bytes.length };
    }),
  );
}

async function codedBody(deps: ListDeps, key: string, page: CachedPage, coding: string): Promise<Buffer> {
  const there = page.coded.get(coding);
  if (there) return there;
  const body = await encode(page.body, coding);
  page.coded.set(coding, body);
  deps.cache.grew(key, page);
  return body;
}

/** Stands for how this service renders and what it was begun with: the same version number may come again elsewhere. */
const editionOf = ({ installation, reply }: ApiDeps): string =>
  createHash('sha256')
    .update(`${installation} ${WIRE_VERSION} ${reply.delegationZone}`)
    .digest('base64url')
    .slice(0, 12);

/** A strong validator (RFC 9110 8.8.3): it differs by content coding. */
const tagOf = ({ edition }: ListDeps, version: number, coding?: string) => ({
  etag: `"${version}-${edition}${coding === undefined ? '' : `-${coding}`}"`,
});

/** Whether a header If-None-Match (RFC 9110 13.1.2) names this validator, in whatever coding. */
const isSame = (header: string, tag: string): boolean =>
  header.split(',').some((one) => {
    const name = one.trim().replace(/^W\//, '');
    return name === '*' || name === `"${tag}"` || name.startsWith(`"${tag}-`);
  });

/** Sends past the framework: it has nothing to add to bytes that are ready. */
function send(reply: FastifyReply, status: number, headers: Record<string, string>, body?: Buffer): void {
  reply.hijack();
  reply.raw.writeHead(status, {
    ...COMMON,
    ...headers,
    ...(body && { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }),
  });
  reply.raw.end(body);
}

/** A page may be kept, but not shown without asking again. */
const COMMON = { 'cache-control': 'private, no-cache', vary: 'Accept-Encoding' };
