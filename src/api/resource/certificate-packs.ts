import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { amend, override, render } from '../../operation/advance.ts';
import { isRestartable, restart, retryNow } from '../../operation/restart.ts';
import { isLeaving } from '../../pack/lifecycle.ts';
import type { Pack } from '../../pack/pack.ts';
import type { Actor } from '../../store/audit.ts';
import { getPack } from '../../store/packs.ts';
import { getRenderedJson } from '../../store/rendered-json.ts';
import type { Tx } from '../../store/store.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { ok, okText, sendJson } from '../http/envelope.ts';
import { renderedAgain } from '../pack-list/rendered.ts';
import { changePack, packId, packNotFound } from './change-pack.ts';
import { orderRoute } from './order.ts';
import { waitForRecords } from './wait-for-records.ts';

const PackParams = Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() });
const PackPatch = Type.Optional(
  Type.Union([Type.Null(), Type.Object({ cloudflare_branding: Type.Optional(Type.Boolean()) })]),
);

const PACKS = '/zones/:zone_id/ssl/certificate_packs';

/** Routes of /zones/{zone_id}/ssl/certificate_packs, but for the list. */
export const certificatePackRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { pool } = deps;
    await app.register(orderRoute(deps));

    app.get(`${PACKS}/:certificate_pack_id`, { schema: { params: PackParams } }, async (request, reply) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const id = packId(request.params.certificate_pack_id);
      const row = await getRenderedJson(pool, zone.id, id);
      if (!row) throw packNotFound(id);
      const again = await renderedAgain(deps, row, () => getPack(pool, zone.id, id));
      return sendJson(reply, okText(again ?? row.json));
    });

    app.patch(
      `${PACKS}/:certificate_pack_id`,
      { schema: { params: PackParams, body: PackPatch } },
      async (request, reply) => {
        const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
        const id = packId(request.params.certificate_pack_id);
        const branding = request.body?.cloudflare_branding;
        const pack = await changePack(deps, zone.id, id, (tx, found) =>
          patch(tx, deps, found, { branding, by: actorOf(request) }),
        );
        const wire = await waitForRecords(deps, { zoneId: zone.id, id, isNew: false });
        return sendJson(reply, okText(wire ?? render(deps, pack).json));
      },
    );

    app.delete(`${PACKS}/:certificate_pack_id`, { schema: { params: PackParams } }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = packId(request.params.certificate_pack_id);
      await changePack(deps, zone.id, id, async (tx, pack) =>
        isLeaving(pack.status) ? pack : override(tx, deps, pack, { event: 'delete', by: actorOf(request) }),
      );
      return ok({ id });
    });
  };

/** Restarts what timed out or expired, hurries what waits, and sets branding. */
async function patch(
  tx: Tx,
  deps: ApiDeps,
  pack: Pack,
  { branding, by }: { readonly branding: boolean | undefined; readonly by: Actor },
): Promise<Pack> {
  const isChanged = branding !== undefined && branding !== pack.isBranded;
  const branded = isChanged ? await amend(tx, deps, pack, { isBranded: branding, by }) : pack;
  return isRestartable(branded) ? restart(tx, deps, branded, by) : retryNow(tx, deps, branded, by);
}
