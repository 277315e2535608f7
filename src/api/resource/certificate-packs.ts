import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { changePack } from '../../operation/change-pack.ts';
import { deletePack } from '../../operation/delete-pack.ts';
import { packNotFound } from '../../operation/locked-pack.ts';
import { render } from '../../operation/render.ts';
import { renderAgain } from '../../operation/render-again.ts';
import { ENVIRONMENTS } from '../../pack/pack.ts';
import { getPack } from '../../store/packs.ts';
import { getRenderedJson } from '../../store/rendered-json.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, letInAgain, zoneOf } from '../http/auth.ts';
import { type Message, ok, okOf, okText, sendJson } from '../http/envelope.ts';
import { MESSAGE_CODES } from '../http/message-codes.ts';
import { Query } from '../http/page.ts';
import { explainRoute } from './explain.ts';
import { orderRoute } from './order.ts';
import { patchMessages } from './order-messages.ts';
import { packEventsRoute } from './pack-events.ts';
import { packId } from './pack-id.ts';
import { PackReply } from './pack-schema.ts';
import { PackWaits } from './pack-waits.ts';
import { waitForRecords } from './wait-for-records.ts';
import { readWait, WAIT_PARAMETERS, waitForStatus } from './wait-for-status.ts';

const PackParams = Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() });
const PackPatch = Type.Optional(
  Type.Union([
    Type.Null(),
    Type.Object({
      cloudflare_branding: Type.Optional(Type.Boolean()),
      backup: Type.Optional(Type.Boolean()),
      deploy: Type.Optional(Type.Enum([...ENVIRONMENTS])),
    }),
  ]),
);

const READ = 'SSL and Certificates Read';
const PACKS = '/zones/:zone_id/ssl/certificate_packs';

const GET = {
  operationId: 'certificate-packs-get-certificate-pack',
  summary:
    'Get a certificate pack; `wait_for` has the answer come once it is in such a status, or after `timeout` seconds',
  params: PackParams,
  querystring: Query,
  parameters: WAIT_PARAMETERS,
  response: okOf(PackReply),
};
const PATCH = {
  operationId: 'certificate-packs-restart-validation-for-advanced-certificate-manager-certificate-pack',
  summary:
    'Try a stage again that ran out, change the branding, order or delete the backup, or go to the edges of the other environment',
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
    const waits = new PackWaits(deps);
    // Whoever waits when the process is about to end is answered at once.
    app.addHook('preClose', async () => waits.end());
    await app.register(orderRoute(deps));
    await app.register(packEventsRoute(deps));
    await app.register(explainRoute(deps));

    app.get(`${PACKS}/:certificate_pack_id`, { schema: GET }, async (request, reply) => {
      const zone = zoneOf(request, request.params.zone_id, READ);
      const id = packId(request.params.certificate_pack_id);
      const wish = readWait(request.query);
      if (wish) {
        if (!(await waitForStatus(waits, { request, reply }, { ...wish, pack: { id, zone } })))
          return reply.hijack();
        // Who may not read it any more is not told what came of it.
        await letInAgain(deps, request);
        zoneOf(request, zone.id, READ);
      }
      const row = await getRenderedJson(pool, zone.id, id);
      if (!row) throw packNotFound(id);
      const again = await renderAgain(deps, row, () => getPack(pool, zone.id, id));
      return sendJson(reply, okText(again ?? row.json));
    });

    app.patch(`${PACKS}/:certificate_pack_id`, { schema: PATCH }, async (request, reply) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = packId(request.params.certificate_pack_id);
      const which = { zoneId: zone.id, id };
      const { cloudflare_branding: isBranded, backup: hasBackup, deploy: environment } = request.body ?? {};
      const change = { isBranded, hasBackup, environment };
      const pack = await changePack(deps, { ...which, ...change, by: actorOf(request) });
      deps.poke(id);
      const json = await waitForRecords(deps, { ...which, isNew: false });
      const shown = json ?? render(deps, pack).json;
      const messages = await patchMessages(deps, { pack, json: shown, isBranded: isBranded !== undefined });
      return sendJson(reply, okText(shown, messages));
    });

    app.delete(`${PACKS}/:certificate_pack_id`, { schema: DELETE }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = packId(request.params.certificate_pack_id);
      const wish = { zoneId: zone.id, id, by: actorOf(request), isAsPack: true };
      const isOptedOut = await deletePack(deps, wish);
      deps.poke(id);
      return ok({ id }, isOptedOut ? [OPTED_OUT] : []);
    });
  };

const OPTED_OUT: Message = {
  code: MESSAGE_CODES.name_opted_out,
  message:
    'Total TLS orders no other pack for this name; order one of type advanced where it is to have one again',
};
