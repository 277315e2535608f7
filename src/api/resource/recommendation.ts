import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { toWireTime } from '../../pack/pack-json.ts';
import { zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';

const SCHEMA = {
  operationId: 'ssl-tls-mode-recommendation-ssl-tls-recommendation',
  summary: 'Whether the mode of TLS towards the origin is chosen for a zone by scans; deprecated',
  params: Type.Object({ zone_id: Type.String() }),
  response: okOf(
    Type.Object({
      id: Type.Literal('ssl_automatic_mode'),
      editable: Type.Boolean(),
      modified_on: Type.String(),
      value: Type.Enum(['auto', 'custom']),
      next_scheduled_scan: Type.Null(),
    }),
  ),
};

/**
 * Route of GET /zones/{zone_id}/ssl/recommendation. How an edge speaks to what is behind it is its operator's alone: never
 * scanned for, and never changed here.
 */
export const recommendationRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/zones/:zone_id/ssl/recommendation', { schema: SCHEMA }, async (request) => {
    const { modifiedOn } = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
    return ok({
      id: 'ssl_automatic_mode' as const,
      editable: false,
      modified_on: toWireTime(modifiedOn),
      value: 'custom' as const,
      next_scheduled_scan: null,
    });
  });
};
