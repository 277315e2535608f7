import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { changeHostnameCertificate } from '../../operation/change-hostname-certificate.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { goingOf, gone, ok, takenOf } from '../http/envelope.ts';
import { toHostnameJson } from './custom-hostname-json.ts';
import { HostnameReply, PairBody } from './custom-hostname-schema.ts';
import { readPair } from './custom-hostname-ssl.ts';
import { shownHostname } from './custom-hostnames.ts';
import { certificateOfPackId, hostnameId, packId } from './pack-id.ts';

const Params = Type.Object({
  zone_id: Type.String(),
  custom_hostname_id: Type.String(),
  certificate_pack_id: Type.String(),
  certificate_id: Type.String(),
});
const ONE =
  '/zones/:zone_id/custom_hostnames/:custom_hostname_id/certificate_pack/:certificate_pack_id/certificates/:certificate_id';

const PUT = {
  operationId: 'custom-hostname-for-a-zone-edit-custom-certificate-custom-hostname',
  summary: 'Put a certificate in the place of one that was brought for a custom hostname',
  params: Params,
  body: PairBody,
  response: takenOf(HostnameReply),
};
const DELETE = {
  operationId: 'custom-hostname-for-a-zone-delete-single-certificate-and-key-in-a-pack-for-custom-hostname',
  summary: 'Take one of two certificates away that were brought for a custom hostname',
  params: Params,
  response: goingOf(),
};

/** Routes of …/custom_hostnames/{custom_hostname_id}/certificate_pack/{certificate_pack_id}/certificates/{certificate_id}. */
export const hostnameCertificateRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.put(ONE, { schema: PUT }, async (request, reply) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const params = idsOf(request.params);
      const pair = readPair(request.body, '');
      deps.poke(await changeHostnameCertificate(deps, { zone, ...params, pair, by: actorOf(request) }));
      reply.status(202);
      return ok(toHostnameJson(await shownHostname(deps, zone, params.id)));
    });

    app.delete(ONE, { schema: DELETE }, async (request, reply) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const params = idsOf(request.params);
      const taken = { zone, ...params, pair: undefined, by: actorOf(request) };
      deps.poke(await changeHostnameCertificate(deps, taken));
      reply.status(202);
      return gone(params.id);
    });
  };

const idsOf = (params: {
  readonly custom_hostname_id: string;
  readonly certificate_pack_id: string;
  readonly certificate_id: string;
}) => ({
  id: hostnameId(params.custom_hostname_id),
  packId: packId(params.certificate_pack_id),
  certificateId: certificateOfPackId(params.certificate_id),
});
