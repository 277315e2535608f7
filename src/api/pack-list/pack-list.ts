import { createHash } from 'node:crypto';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { renderAgain } from '../../operation/render-again.ts';
import type { ListFilter } from '../../pack/list-index.ts';
import { ENVIRONMENTS, PACK_STATUSES } from '../../pack/pack.ts';
import { JSON_VERSION } from '../../pack/pack-json.ts';
import { ListCallers } from '../../store/authentication.ts';
import { Lists, type PageHead } from '../../store/list/list.ts';
import type { PageAsk } from '../../store/list/page-ask.ts';
import { getPackAt } from '../../store/packs.ts';
import type { ApiDeps } from '../deps.ts';
import { passIntoZone } from '../http/auth.ts';
import { codingFor, encode } from '../http/encoding.ts';
import { listOf, pageHead, pageTail } from '../http/envelope.ts';
import { PAGES, PageInfo, Query, readChoice, readPage } from '../http/page.ts';
import { MOST_FREE, type PageBudget } from '../http/page-budget.ts';
import { PACK_FILTER, PackReply } from '../resource/pack-schema.ts';
import { type CachedPage, PageCache, type Ready } from './page-cache.ts';
import { PageMemory, PageWriter } from './page-writer.ts';

/** What the list needs beside the rest of the API. */
interface ListDeps extends ApiDeps {
  readonly lists: Lists;
  readonly cache: PageCache;
  readonly memory: PageMemory;
  readonly budget: PageBudget;
  /** Changes when the same version of a zone would be rendered in another way. */
  readonly edition: () => string;
}

/**
 * Route of GET /zones/{zone_id}/ssl/certificate_packs. Token and zone are read from the database in every request; the
 * page itself is not, where one of the zone's present version is at hand.
 */
export const packListRoute =
  (given: ApiDeps, pageBudget: PageBudget): FastifyPluginAsync =>
  async (app) => {
    const callers = new ListCallers(given.reader, given.clock);
    const deps = {
      ...given,
      lists: new Lists(given.reader),
      cache: new PageCache(given.pageCacheBytes),
      memory: new PageMemory(),
      budget: pageBudget,
      edition: editionsOf(given),
    };
    app.get<{ Params: { zone_id: string }; Querystring: Query }>(
      '/zones/:zone_id/ssl/certificate_packs',
      { schema: SCHEMA },
      async (request, reply) => {
        const { zone_id: zoneId } = request.params;
        const { token, version } = await passIntoZone(callers, request, zoneId, 'SSL and Certificates Read');
        const ask = { zoneId, ...readPage(request.query), ...readFilter(request.query) };
        await answer(deps, { request, reply, owner: token.accountId }, ask, version);
        return reply;
      },
    );
  };

const SCHEMA = {
  operationId: 'certificate-packs-list-certificate-packs',
  summary: 'List certificate packs of a zone',
  parameters: { ...PAGES, ...PACK_FILTER },
  response: listOf(PackReply, PageInfo),
};

/** Which packs are asked for; the default is what is served. Throws `malformed_request` with a pointer. */
function readFilter(query: Query): ListFilter {
  const status = readChoice(query, 'status', ['all', ...PACK_STATUSES]);
  return { status: status ?? 'served', environment: readChoice(query, 'deploy', ENVIRONMENTS) };
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Account of the caller. */
  readonly owner: string;
}

async function answer(
  deps: ListDeps,
  { request, reply, owner }: Exchange,
  ask: PageAsk,
  version: number,
): Promise<void> {
  const coding = codingFor(request.headers['accept-encoding']);
  const known = request.headers['if-none-match'];
  if (known !== undefined && isSame(known, `${version}-${deps.edition()}`)) {
    return send(reply, 304, { head: headOf(deps, version, { coding }) });
  }
  if (ask.perPage > MOST_FREE) return sendLarge(deps, reply, { ask, version, owner });
  const key = `${deps.edition()} ${ask.zoneId} ${ask.status} ${ask.environment} ${ask.page} ${ask.perPage}`;
  const cached = deps.cache.get(key, version);
  if (!cached) return sendFresh(deps, reply, { ask, version, key });
  // What is sent once is not worth the work.
  send(reply, 200, coding === undefined ? cached : await codedOf(deps, key, cached, coding));
}

/** Sends a page as it is in the database now. */
async function sendFresh(deps: ListDeps, reply: FastifyReply, one: Wanted): Promise<void> {
  const writer = new PageWriter(deps.memory);
  try {
    const head = await writePage(deps, one, writer);
    const { body } = writer;
    const page = { head: headOf(deps, head.version, { length: body.length }), body };
    deps.cache.offer(one.key, body.length, () => ({
      ...page,
      version: head.version,
      body: Buffer.from(body),
      coded: new Map(),
    }));
    // The memory is free for another page when the last byte has left.
    reply.raw.once('close', () => writer.release());
    send(reply, 200, page);
  } catch (error) {
    writer.release();
    throw error;
  }
}

/** Sends a page that is too large to be kept, within the bounds of all such pages. */
async function sendLarge(
  deps: ListDeps,
  reply: FastifyReply,
  { owner, ...one }: Omit<Wanted, 'key'> & Pick<Exchange, 'owner'>,
): Promise<void> {
  const lease = await deps.budget.leaseFor(reply.raw, { owner, items: one.ask.perPage });
  const writer = new PageWriter(deps.memory);
  try {
    const head = await writePage(deps, one, writer);
    const { body } = writer;
    lease.hasRead(body.length);
    reply.raw.once('close', () => writer.release());
    send(reply, 200, { head: headOf(deps, head.version, { length: body.length }), body });
  } catch (error) {
    lease.release();
    writer.release();
    throw error;
  }
}

/** What is wanted of a zone, its version as the gate saw it, and what the page is called in the cache. */
interface Wanted {
  readonly ask: PageAsk;
  readonly version: number;
  readonly key: string;
}

/** Reads a page, in one statement with the version that it shows; again where some of it had to be rendered first. */
async function writePage(
  deps: ListDeps,
  { ask, version }: Omit<Wanted, 'key'>,
  writer: PageWriter,
): Promise<PageHead> {
  for (let tries = MOST_TRIES; ; tries--) {
    const stale: { readonly ord: number; readonly jsonVersion: number }[] = [];
    writer.begin(pageHead);
    const head = await deps.lists.page(ask, version, (pack) => {
      if (pack.jsonVersion < JSON_VERSION) stale.push({ ord: pack.ord, jsonVersion: pack.jsonVersion });
      writer.add(pack);
    });
    if (!head) throw new Fault('zone_not_found', `zone ${ask.zoneId} not found`);
    if (stale.length === 0 || tries === 0) {
      writer.end(pageTail({ page: ask.page, perPage: ask.perPage, count: writer.count, total: head.total }));
      return head;
    }
    for (let i = 0; i < stale.length; i += MOST_FREE)
      await Promise.all(
        stale
          .slice(i, i + MOST_FREE)
          .map((row) => renderAgain(deps, row, () => getPackAt(deps.pool, ask.zoneId, row.ord))),
      );
  }
}

/** How often a page is read again because packs of it were rendered by an older version. */
const MOST_TRIES = 3;

async function codedOf(deps: ListDeps, key: string, page: CachedPage, coding: string): Promise<Ready> {
  const there = page.coded.get(coding);
  if (there) return there;
  const body = await encode(page.body, coding);
  const made = { head: headOf(deps, page.version, { coding, length: body.length }), body };
  page.coded.set(coding, made);
  deps.cache.grew(key, page);
  return made;
}

/**
 * Stands for how this service renders, what it was begun with, and the history of its database: the same version number may
 * come again elsewhere, or after a failover.
 */
function editionsOf({ installation, json: reply, reader }: ApiDeps): () => string {
  const known = new Map<string, string>();
  return () => {
    const { era } = reader;
    const edition = known.get(era) ?? editionOf(`${installation} ${era} ${reply.delegationZone}`);
    known.set(era, edition);
    return edition;
  };
}

const editionOf = (what: string): string =>
  createHash('sha256').update(`${what} ${JSON_VERSION}`).digest('base64url').slice(0, 12);

/** Whether a header If-None-Match (RFC 9110 13.1.2) names this validator, in whatever coding. */
const isSame = (header: string, tag: string): boolean =>
  header.split(',').some((one) => {
    const name = one.trim().replace(/^W\//, '');
    return name === '*' || name === `"${tag}"` || name.startsWith(`"${tag}-`);
  });

/** Sends past the framework: it has nothing to add to bytes that are ready. */
function send(
  reply: FastifyReply,
  status: number,
  { head, body }: Partial<Ready> & Pick<Ready, 'head'>,
): void {
  reply.hijack();
  reply.raw.writeHead(status, head);
  reply.raw.end(body);
}

/**
 * The head of a page, or of the answer that it did not change: then there is no `length`. The page may be kept, but not
 * shown without asking again: by a strong validator (RFC 9110 8.8.3), another one for each content coding.
 */
function headOf(
  { edition }: ListDeps,
  version: number,
  { coding, length }: { readonly coding?: string | undefined; readonly length?: number },
): Ready['head'] {
  return {
    'cache-control': 'private, no-cache',
    vary: 'Accept-Encoding',
    etag: `"${version}-${edition()}${coding === undefined ? '' : `-${coding}`}"`,
    ...(length !== undefined && {
      'content-type': 'application/json; charset=utf-8',
      'content-length': length,
    }),
    ...(length !== undefined && coding !== undefined && { 'content-encoding': coding }),
  };
}
