import { pipeline } from 'node:stream/promises';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Seconds } from '../../kit/time.ts';
import { renderAgain } from '../../operation/render-again.ts';
import { ENVIRONMENTS, PACK_STATUSES } from '../../pack/pack.ts';
import { ListCallers } from '../../store/authentication.ts';
import type { Place } from '../../store/list/account-list.ts';
import { type ExportPlace, type ExportRow, exportBatches } from '../../store/list/export.ts';
import { getPackAt } from '../../store/packs.ts';
import type { Token } from '../../store/token-row.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, demandAll, passIn, passIntoZone } from '../http/auth.ts';
import { readCursor, toCursor, type Walk } from '../http/cursor.ts';
import { bareOf } from '../http/envelope.ts';
import { type Query, readChoice } from '../http/page.ts';
import { findSession } from '../http/sessions.ts';
import { PACK_FILTER } from './pack-schema.ts';

const PERMISSION = 'SSL and Certificates Read';

/** How long a client may take nothing of what it is sent. */
const PATIENCE: Seconds = 120;

const LINES = {
  parameters: { ...PACK_FILTER, cursor: Type.String() },
  response: bareOf('application/x-ndjson', Type.String()),
};
const OF_ZONE = {
  operationId: 'export-certificate-packs',
  summary: 'All packs of a zone, a line of JSON each',
  ...LINES,
};
const OF_ACCOUNT = {
  operationId: 'export-account-certificate-packs',
  summary: 'All packs of an account, a line of JSON each',
  ...LINES,
};

/** What would answer HEAD would read every pack for nothing. */
const GET_ALONE = { exposeHeadRoute: false } as const;

/**
 * Routes of GET …/ssl/certificate_packs/export, of a zone and of an account: a line of JSON for each pack, and one at
 * the end that says that these were all. Whoever may no longer read them gets no further batch.
 */
export const exportRoutes =
  (deps: ApiDeps, patience: Seconds = PATIENCE): FastifyPluginAsync =>
  async (app) => {
    const callers = new ListCallers(deps.reader, deps.clock);
    // An export would hold up the end of the service for as long as it takes.
    const stop = new AbortController();
    app.addHook('preClose', async () => stop.abort());
    const serve = async (one: Omit<Export, 'patience' | 'stop'>) => {
      await answer(deps, { ...one, patience, stop: stop.signal });
      return one.reply;
    };
    app.get<{ Params: { zone_id: string }; Querystring: Query }>(
      '/zones/:zone_id/ssl/certificate_packs/export',
      { ...GET_ALONE, schema: OF_ZONE },
      (request, reply) => {
        const zoneId = request.params.zone_id;
        const admit = async () => (await passIntoZone(callers, request, zoneId, PERMISSION)).token;
        return serve({ request, reply, zoneId, admit });
      },
    );
    app.get<{ Params: { account_id: string }; Querystring: Query }>(
      '/accounts/:account_id/ssl/certificate_packs/export',
      { ...GET_ALONE, schema: OF_ACCOUNT },
      (request, reply) => {
        const admit = () => admitToAccount(callers, request, request.params.account_id);
        return serve({ request, reply, zoneId: undefined, admit });
      },
    );
  };

/** An export under way. */
interface Export {
  readonly request: FastifyRequest<{ Querystring: Query }>;
  readonly reply: FastifyReply;
  /** Undefined: all zones of the account. */
  readonly zoneId: string | undefined;
  /** The caller's token. Throws where it may not read these packs. */
  readonly admit: () => Promise<Token>;
  readonly patience: Seconds;
  readonly stop: AbortSignal;
}

async function admitToAccount(
  callers: ListCallers,
  request: FastifyRequest,
  accountId: string,
): Promise<Token> {
  const { token } = await passIn(callers, request, '');
  checkAccount(token, request, accountId, PERMISSION);
  demandAll(token, PERMISSION);
  return token;
}

async function answer(deps: ApiDeps, one: Export): Promise<void> {
  const { request, reply, zoneId } = one;
  const { accountId } = await one.admit();
  const ask = {
    accountId,
    zoneId,
    status: readChoice(request.query, 'status', ['all', ...PACK_STATUSES]) ?? 'all',
    environment: readChoice(request.query, 'deploy', ENVIRONMENTS),
  };
  const walk = { secret: deps.installation, of: `export ${JSON.stringify(ask)}` };
  const after = toPlace(readCursor(request.query, walk));
  const lines = linesOf(deps, one, walk, exportBatches(deps.reader, ask, after));
  // What fails before there is anything to send is answered as every failure.
  const first = await lines.next();
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'private, no-store' });
  reply.raw.setTimeout(one.patience * 1_000, () => reply.raw.destroy());
  await pipeline(joined(first, lines), reply.raw, { signal: one.stop }).catch((error: unknown) => {
    if (!isEndOfClient(error)) request.log.warn({ err: error }, 'an export was broken off');
  });
}

/** Each of these is asked for when the one before has left for the client. */
async function* linesOf(
  deps: ApiDeps,
  { request, admit }: Export,
  walk: Walk,
  batches: AsyncIterable<readonly ExportRow[]>,
): AsyncGenerator<Buffer, void> {
  let count = 0;
  for await (const rows of batches) {
    if (count > 0) {
      await findSession(deps, request);
      await admit();
    }
    yield Buffer.concat((await Promise.all(rows.map((row) => lineOf(deps, walk, row)))).flat());
    count += rows.length;
  }
  yield Buffer.from(`{"end":true,"count":${count}}\n`);
}

async function* joined(
  first: IteratorResult<Buffer, void>,
  rest: AsyncGenerator<Buffer, void>,
): AsyncGenerator<Buffer, void> {
  if (!first.done) yield first.value;
  yield* rest;
}

const TAIL = Buffer.from('}\n');

/** The pieces of a line. */
async function lineOf(deps: ApiDeps, walk: Walk, row: ExportRow): Promise<Buffer[]> {
  const { createdOn, zoneId, ord } = row.place;
  const again = await renderAgain(deps, row, () => getPackAt(deps.pool, zoneId, ord));
  const cursor = toCursor(walk, { at: `${createdOn} ${zoneId}`, seq: ord });
  const wire = again === undefined ? row.json : Buffer.from(again);
  return [Buffer.from(`{"cursor":"${cursor}","pack":`), wire, TAIL];
}

function toPlace(place: Place | undefined): ExportPlace | undefined {
  if (!place) return undefined;
  const [createdOn, zoneId = ''] = place.at.split(' ');
  return { createdOn: Number(createdOn), zoneId, ord: place.seq };
}

/** Whether a stream ended because who read it went away, or the service stops. */
const isEndOfClient = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'ABORT_ERR'].includes(String(error.code));
