import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { packNotFound } from '../../operation/locked-pack.ts';
import { listPackEvents } from '../../store/pack-events.ts';
import { getRenderedJson } from '../../store/rendered-json.ts';
import type { ApiDeps } from '../deps.ts';
import { zoneOf } from '../http/auth.ts';
import { CursorInfo, readCursor, toCursor } from '../http/cursor.ts';
import { listOf, ok } from '../http/envelope.ts';
import { PAGES, Query, readChoice, readPerPage, refuse } from '../http/page.ts';
import { PackEventReply, seesTokens, toEventReply } from './pack-event-json.ts';
import { packId } from './pack-id.ts';

const DIRECTIONS = ['desc', 'asc'] as const;

const SCHEMA = {
  operationId: 'list-certificate-pack-events',
  summary: 'What happened to a certificate pack, the latest first; also after it was deleted',
  params: Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() }),
  querystring: Query,
  parameters: { direction: Type.Enum([...DIRECTIONS]), per_page: PAGES.per_page, cursor: Type.String() },
  response: listOf(PackEventReply, CursorInfo),
};

/** Route of GET /zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}/events. */
export const packEventsRoute =
  ({ pool, installation }: Pick<ApiDeps, 'pool' | 'installation'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/zones/:zone_id/ssl/certificate_packs/:certificate_pack_id/events',
      { schema: SCHEMA },
      async (request) => {
        const { query, params, token } = request;
        const zone = zoneOf(request, params.zone_id, 'SSL and Certificates Read');
        const id = packId(params.certificate_pack_id);
        if (query['page'] !== undefined)
          throw refuse('page', 'is not known to this list: it is walked by cursor');
        const isNewestFirst = readChoice(query, 'direction', DIRECTIONS) !== 'asc';
        const perPage = readPerPage(query);
        const walk = { secret: installation, of: `events of ${zone.id} ${id} ${String(isNewestFirst)}` };
        const after = readCursor(query, walk)?.seq;
        const found = await listPackEvents(pool, { id, zone }, { isNewestFirst, after, most: perPage + 1 });
        const isUnknown = found.length === 0 && after === undefined;
        if (isUnknown && !(await getRenderedJson(pool, zone.id, id))) throw packNotFound(id);
        const events = found.slice(0, perPage);
        const last = found.length > perPage ? events.at(-1) : undefined;
        const cursor = last && toCursor(walk, { at: '', seq: last.seq });
        const info = { count: events.length, per_page: perPage, ...(cursor !== undefined && { cursor }) };
        const shown = events.map((event) => toEventReply(event, seesTokens(token)));
        return { ...ok(shown), result_info: info };
      },
    );
  };
