import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { amend, intervene, render } from '../job/advance.ts';
import { isRestartable, restart } from '../job/restart.ts';
import { Fault } from '../kit/fault.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import { getWire } from '../store/list.ts';
import { getPack, lockPack } from '../store/packs.ts';
import { type Tx, transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import type { ApiDeps } from './api.ts';
import { zoneOf } from './auth.ts';
import { ok, okText, sendJson } from './envelope.ts';
import { orderRoute } from './order.ts';
import { recordsKnown } from './records-known.ts';
import { renderedAgain } from './rendered.ts';

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
      const zone = await zoneOf(pool, request, request.params.zone_id, 'SSL and Certificates Read');
      const id = packId(request.params.certificate_pack_id);
      const row = await getWire(pool, zone.id, id);
      if (!row) throw notFound(id);
      const again = await renderedAgain(deps, row, () => getPack(pool, zone.id, id));
      return sendJson(reply, okText(again ?? row.wire));
    });

    app.patch(
      `${PACKS}/:certificate_pack_id`,
      { schema: { params: PackParams, body: PackPatch } },
      async (request, reply) => {
        const zone = await zoneOf(pool, request, request.params.zone_id, 'SSL and Certificates Write');
        const id = packId(request.params.certificate_pack_id);
        const branding = request.body?.cloudflare_branding;
        const pack = await change(deps, zone.id, id, (tx, found) =>
          patch(tx, deps, found, { branding, by: request.token.id }),
        );
        await recordsKnown(deps, pack.id);
        const row = await getWire(pool, zone.id, id);
        return sendJson(reply, okText(row?.wire ?? render(deps, pack).wire));
      },
    );

    app.delete(`${PACKS}/:certificate_pack_id`, { schema: { params: PackParams } }, async (request) => {
      const zone = await zoneOf(pool, request, request.params.zone_id, 'SSL and Certificates Write');
      const id = packId(request.params.certificate_pack_id);
      await change(deps, zone.id, id, async (tx, pack) =>
        isLeaving(pack.status) ? pack : intervene(tx, deps, pack, { event: 'delete', by: request.token.id }),
      );
      return ok({ id });
    });
  };

/** Restarts what timed out or expired, and sets branding; a pack with neither stays as it is. */
async function patch(
  tx: Tx,
  deps: ApiDeps,
  pack: Pack,
  { branding, by }: { readonly branding: boolean | undefined; readonly by: string },
): Promise<Pack> {
  const isChanged = branding !== undefined && branding !== pack.isBranded;
  const branded = isChanged ? await amend(tx, deps, pack, { isBranded: branding, by }) : pack;
  return isRestartable(branded) ? restart(tx, deps, branded, by) : branded;
}

/** Changes a pack under its zone's lock and its own, and pokes the workers. Throws `pack_not_found`. */
async function change(
  deps: ApiDeps,
  zoneId: string,
  id: string,
  work: (tx: Tx, pack: Pack) => Promise<Pack>,
): Promise<Pack> {
  const pack = await transaction(deps.pool, async (tx) => {
    await touchZone(tx, zoneId);
    const found = await lockPack(tx, zoneId, id);
    if (!found) throw notFound(id);
    return work(tx, found);
  });
  deps.poke();
  return pack;
}

/** A pack's id from the path. What cannot be one is told apart from one that is not there. */
function packId(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase();
  throw new Fault(
    'invalid_object_id',
    `${JSON.stringify(id.slice(0, 64))} is not the id of a certificate pack`,
  );
}

const notFound = (id: string) => new Fault('pack_not_found', `certificate pack ${id} not found`);
