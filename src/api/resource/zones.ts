import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { changeZone } from '../../operation/change-zone.ts';
import { createZone } from '../../operation/create-zone.ts';
import { deleteZone } from '../../operation/delete-zone.ts';
import { deactivated } from '../../operation/locked-zone.ts';
import { isWildcard, toName } from '../../pack/hosts.ts';
import { ZONE_TYPES } from '../../pack/pack.ts';
import { zonesWith } from '../../pack/permission.ts';
import { wantLook } from '../../store/zone-life.ts';
import { listZones } from '../../store/zone-list.ts';
import { getZone } from '../../store/zones.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, demandAll, zoneOf } from '../http/auth.ts';
import { listOf, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { MESSAGE_CODES } from '../http/message-codes.ts';
import { PageInfo, Query, readPage } from '../http/page.ts';
import { readZoneFilter, ZONE_PARAMETERS } from './zone-filter.ts';
import { toZoneReply, ZoneReply } from './zone-json.ts';

const ZoneParams = Type.Object({ zone_id: Type.String() });

const NewZone = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 253 }),
  type: Type.Optional(Type.Enum([...ZONE_TYPES])),
  account: Type.Optional(Type.Object({ id: Type.Optional(Type.String()) })),
});

const ZonePatch = Type.Object({
  paused: Type.Optional(Type.Boolean()),
  type: Type.Optional(Type.Enum([...ZONE_TYPES])),
  vanity_name_servers: Type.Optional(Type.Array(Type.String({ maxLength: 253 }), { maxItems: 20 })),
});

const LIST = {
  operationId: 'zones-get',
  summary: 'List zones',
  querystring: Query,
  parameters: ZONE_PARAMETERS,
  response: listOf(ZoneReply, PageInfo),
};
const POST = { operationId: 'zones-post', summary: 'Make a zone', body: NewZone, response: okOf(ZoneReply) };
const GET = {
  operationId: 'zones-0-get',
  summary: 'Get a zone',
  params: ZoneParams,
  response: okOf(ZoneReply),
};
const PATCH = {
  operationId: 'zones-0-patch',
  summary: 'Pause a zone, end that, or change its type',
  params: ZoneParams,
  body: ZonePatch,
  response: okOf(ZoneReply),
};
const CHECK = {
  operationId: 'put-zones-zone_id-activation_check',
  summary: 'Have control of a zone looked for at once',
  params: ZoneParams,
  response: okOf(Type.Object({ id: Type.String() })),
};
const DELETE = {
  operationId: 'zones-0-delete',
  summary: 'Delete a zone and its packs',
  params: ZoneParams,
  response: okOf(Type.Object({ id: Type.String() })),
};

/** Routes of /zones. */
export const zoneRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/zones', { schema: LIST }, (request) => list(deps, request, request.query));
    app.post('/zones', { schema: POST }, async (request) => {
      const { body, token } = request;
      demandAll(token, 'Zone Write');
      if (body.account?.id !== undefined && body.account.id !== token.accountId) {
        const sentence = `this token has no 'Zone Write' for account ${body.account.id.slice(0, 36)}`;
        throw new Fault('missing_permission', sentence, { pointer: '/account/id' });
      }
      const zone = { accountId: token.accountId, name: toZoneName(body.name), type: body.type ?? 'full' };
      const pinned = deps.pinned?.zoneNamed(zone.name);
      const id = pinned ?? (await createZone(deps, zone, actorOf(request)));
      deps.poke();
      const created = await getZone(deps.pool, token.accountId, id);
      if (!created) throw new Fault('zone_not_found', 'the zone was deleted meanwhile');
      const isMute = zone.type === 'full' && deps.zonePolicy.nameServers.length === 0;
      return ok(toZoneReply(deps, created), isMute ? [NO_NAME_SERVERS] : []);
    });
    app.get('/zones/:zone_id', { schema: GET }, async (request) =>
      ok(toZoneReply(deps, zoneOf(request, request.params.zone_id, 'Zone Read'))),
    );
    app.patch('/zones/:zone_id', { schema: PATCH }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'Zone Write');
      const { paused: isPaused, type, vanity_name_servers: vanity } = request.body;
      await changeZone(deps, zone, { isPaused, type }, actorOf(request));
      deps.poke();
      const changed = await getZone(deps.pool, request.token.accountId, zone.id);
      if (!changed) throw new Fault('zone_not_found', 'the zone was deleted meanwhile');
      return ok(toZoneReply(deps, changed), vanity === undefined ? [] : [NO_VANITY]);
    });
    app.put('/zones/:zone_id/activation_check', { schema: CHECK }, async (request) => {
      const { id, name, isDeactivated } = zoneOf(request, request.params.zone_id, 'Zone Write');
      if (isDeactivated) throw deactivated(name);
      await wantLook(deps.pool, id, deps.clock.now());
      return ok({ id });
    });
    app.delete('/zones/:zone_id', { schema: DELETE }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'Zone Write');
      await deleteZone(deps, zone, actorOf(request));
      deps.poke();
      return ok({ id: zone.id });
    });
  };

const NO_NAME_SERVERS = {
  code: 1100,
  message:
    'nothing answers for this zone: no name servers are configured here (option name_servers); type partial needs none',
};

const NO_VANITY = {
  code: MESSAGE_CODES.vanity_ignored,
  message: 'vanity_name_servers are left out: zones have the name servers of this service',
};

async function list(deps: ApiDeps, request: FastifyRequest, query: Query) {
  const { token } = request;
  const seen = zonesWith(token.policies, 'Zone Read');
  if (seen.length === 0) throw new Fault('missing_permission', "this token has no 'Zone Read'");
  const pages = readPage(query);
  const { zones, total } = await listZones(deps.pool, {
    ...pages,
    ...readZoneFilter(query),
    accountId: token.accountId,
    ...(seen !== 'all' && { ids: seen }),
  });
  const info = toResultInfo({ ...pages, count: zones.length, total });
  return { ...ok(zones.map((zone) => toZoneReply(deps, zone))), result_info: info };
}

/** Name of a new zone in A-labels. Throws `invalid_zone_name`. */
function toZoneName(name: string): string {
  try {
    const zone = toName(name);
    if (!isWildcard(zone)) return zone;
  } catch (error) {
    if (error instanceof Fault) throw new Fault('invalid_zone_name', error.message, { pointer: '/name' });
    throw error;
  }
  throw new Fault('invalid_zone_name', 'a zone has no wildcard in its name', { pointer: '/name' });
}
