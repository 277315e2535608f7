import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { changeUniversal } from '../../operation/change-universal.ts';
import { isOpen } from '../../pack/zone-life.ts';
import { getManagedSettings } from '../../store/managed.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { type Message, ok, okOf } from '../http/envelope.ts';
import { MESSAGE_CODES } from '../http/message-codes.ts';

const SETTINGS = '/zones/:zone_id/ssl/universal/settings';
const Params = Type.Object({ zone_id: Type.String() });
const Reply = okOf(Type.Object({ enabled: Type.Boolean() }));

const GET = {
  operationId: 'universal-ssl-settings-for-a-zone-universal-ssl-settings-details',
  summary: 'Whether a zone has a Universal certificate pack',
  params: Params,
  response: Reply,
};
const PATCH = {
  operationId: 'universal-ssl-settings-for-a-zone-edit-universal-ssl-settings',
  summary: 'Switch Universal on or off for a zone',
  params: Params,
  body: Type.Object({ enabled: Type.Optional(Type.Boolean()) }),
  response: Reply,
};

/** Routes of /zones/{zone_id}/ssl/universal/settings. */
export const universalRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(SETTINGS, { schema: GET }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const { isUniversalOn } = await getManagedSettings(deps.pool, zone.id);
      return ok({ enabled: isUniversalOn });
    });

    app.patch(SETTINGS, { schema: PATCH }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const { enabled: isOn } = request.body;
      if (isOn !== undefined && (await changeUniversal(deps, { zone, isOn, by: actorOf(request) })))
        deps.poke();
      const { isUniversalOn } = await getManagedSettings(deps.pool, zone.id);
      return ok({ enabled: isUniversalOn }, isOn === true ? messagesIn(zone) : []);
    });
  };

/** What keeps the pack from being ordered, and from the edges, for now. */
function messagesIn(zone: Zone): Message[] {
  if (isOpen(zone)) return [];
  const how = zone.status === 'active' ? 'paused' : zone.status;
  const message = `the zone ${zone.name} is ${how}: its Universal pack waits until it is active and not paused`;
  return [{ code: MESSAGE_CODES.zone_waits, message }];
}
