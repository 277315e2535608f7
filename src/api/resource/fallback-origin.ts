import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import {
  originNotFound,
  removeFallbackOrigin,
  setFallbackOrigin,
} from '../../operation/change-fallback-origin.ts';
import { toHostnameName } from '../../pack/hostname-name.ts';
import { getFallbackOrigin } from '../../store/fallback-origins.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';
import { toOriginJson } from './custom-hostname-json.ts';
import { OriginBody, OriginReply } from './custom-hostname-schema.ts';

const PATH = '/zones/:zone_id/custom_hostnames/fallback_origin';
const params = Type.Object({ zone_id: Type.String() });

const GET = {
  operationId: 'custom-hostname-fallback-origin-for-a-zone-get-fallback-origin-for-custom-hostnames',
  summary: 'Where custom hostnames are sent that have no origin of their own',
  params,
  response: okOf(OriginReply),
};
const PUT = {
  operationId: 'custom-hostname-fallback-origin-for-a-zone-update-fallback-origin-for-custom-hostnames',
  summary: 'Set the fallback origin of a zone',
  params,
  body: OriginBody,
  response: okOf(OriginReply),
};
const DELETE = {
  operationId: 'custom-hostname-fallback-origin-for-a-zone-delete-fallback-origin-for-custom-hostnames',
  summary: 'Take the fallback origin of a zone away',
  params,
  response: okOf(OriginReply),
};

/** Routes of /zones/{zone_id}/custom_hostnames/fallback_origin. */
export const fallbackOriginRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(PATH, { schema: GET }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const found = await getFallbackOrigin(deps.pool, zone.id);
      if (!found) throw originNotFound();
      return ok(toOriginJson(found));
    });
    app.put(PATH, { schema: PUT }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const { takesReserved } = deps.hostnames;
      const origin = toHostnameName(request.body.origin, {
        kind: 'origin',
        pointer: '/origin',
        takesReserved,
      });
      return ok(toOriginJson(await setFallbackOrigin(deps, { zone, origin, by: actorOf(request) })));
    });
    app.delete(PATH, { schema: DELETE }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      return ok(toOriginJson(await removeFallbackOrigin(deps, { zone, by: actorOf(request) })));
    });
  };
