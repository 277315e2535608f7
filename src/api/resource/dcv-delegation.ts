import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';

const SCHEMA = {
  operationId: 'dcv-delegation-uuid-get',
  summary: 'The uuid of a zone’s delegated validation',
  params: Type.Object({ zone_id: Type.String() }),
  response: okOf(Type.Object({ uuid: Type.String() })),
};

/** Routes of /zones/{zone_id}/dcv_delegation. */
export const dcvDelegationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/zones/:zone_id/dcv_delegation/uuid', { schema: SCHEMA }, async (request) => {
    const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
    return ok({ uuid: zone.delegationUuid });
  });
};
