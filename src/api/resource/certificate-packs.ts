import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { changePack } from '../../operation/change-pack.ts';
import { deletePack } from '../../operation/delete-pack.ts';
import { packNotFound } from '../../operation/locked-pack.ts';
import { render } from '../../operation/render.ts';
import { renderAgain } from '../../operation/render-again.ts';
import { getPack } from '../../store/packs.ts';
import { getRenderedJson } from '../../store/rendered-json.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { ok, okOf, okText, sendJson } from '../http/envelope.ts';
import { orderRoute } from './order.ts';
import { brandingMessages } from './order-messages.ts';
import { packId } from './pack-id.ts';
import { PackReply } from './pack-schema.ts';
import { waitForRecords } from './wait-for-records.ts';

const PackParams = Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() });
const PackPatch = Type.Optional(
  Type.Union([
    Type.Null(),
    Type.Object({
      cloudflare_branding: Type.Optional(Type.Boolean()),
      backup: Type.Optional(Type.Boolean()),
    }),
  ]),
);

const PACKS = '/zones/:zone_id/ssl/certificate_packs';

const GET = {
  operationId: 'certificate-packs-get-certificate-pack',
  summary: 'Get a certificate pack',
  params: PackParams,
  response: okOf(PackReply),
};
const PATCH = {
  operationId: 'certificate-packs-restart-validation-for-advanced-certificate-manager-certificate-pack',
  summary: 'Try a stage again that ran out, change the branding, or order or delete the backup',
  params: PackParams,
  body: PackPatch,
  response: okOf(PackReply),
};
const DELETE = {
  operationId: 'certificate-packs-delete-advanced-certificate-manager-certificate-pack',
  summary: 'Delete a certificate pack',
  params: PackParams,
  response: okOf(Type.Object({ id: Type.String() })),
};

/** Routes of /zones/{zone_id}/ssl/certificate_packs, but for the list. */
export const certificatePackRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { pool } = deps;
    await app.register(orderRoute(deps));

    app.get(`${PACKS}/:certificate_pack_id`, { schema: GET }, async (request, reply) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const id = packId(request.params.certificate_pack_id);
      const row = await getRenderedJson(pool, zone.id, id);
      if (!row) throw packNotFound(id);
      const again = await renderAgain(deps, row, () => getPack(pool, zone.id, id));
      return sendJson(reply, okText(again ?? row.json));
    });

    app.patch(`${PACKS}/:certificate_pack_id`, { schema: PATCH }, async (request, reply) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = packId(request.params.certificate_pack_id);
      const which = { zoneId: zone.id, id };
      const isBranded = request.body?.cloudflare_branding;
      const hasBackup = request.body?.backup;
      const pack = await changePack(deps, { ...which, isBranded, hasBackup, by: actorOf(request) });
      deps.poke(id);
      const json = await waitForRecords(deps, { ...which, isNew: false });
      return sendJson(reply, okText(json ?? render(deps, pack).json, brandingMessages(isBranded)));
    });

    app.delete(`${PACKS}/:certificate_pack_id`, { schema: DELETE }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = packId(request.params.certificate_pack_id);
      await deletePack(deps, { zoneId: zone.id, id, by: actorOf(request), isAsPack: true });
      deps.poke(id);
      return ok({ id });
    });
  };
