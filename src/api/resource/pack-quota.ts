import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { packQuotaOf } from '../../operation/quotas.ts';
import type { ApiDeps } from '../deps.ts';
import { zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';

const SCHEMA = {
  operationId: 'certificate-packs-get-certificate-pack-quotas',
  summary: 'How many certificate packs a zone may have, and has',
  params: Type.Object({ zone_id: Type.String() }),
  response: okOf(Type.Object({ advanced: Type.Object({ allocated: Type.Integer(), used: Type.Integer() }) })),
};

/** Route of GET /zones/{zone_id}/ssl/certificate_packs/quota. */
export const packQuotaRoute =
  ({ pool, quotas }: Pick<ApiDeps, 'pool' | 'quotas'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/zones/:zone_id/ssl/certificate_packs/quota', { schema: SCHEMA }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      return ok({ advanced: await packQuotaOf(pool, quotas, zone) });
    });
  };
