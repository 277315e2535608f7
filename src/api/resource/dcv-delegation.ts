import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { zoneOf } from '../http/auth.ts';
import { ok } from '../http/envelope.ts';

/** Routes of /zones/{zone_id}/dcv_delegation. */
export const dcvDelegationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/zones/:zone_id/dcv_delegation/uuid',
    { schema: { params: Type.Object({ zone_id: Type.String() }) } },
    async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      return ok({ uuid: zone.delegationUuid });
    },
  );
};
