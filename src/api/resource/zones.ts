import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { createZone } from '../../operation/create-zone.ts';
import { deleteZone } from '../../operation/delete-zone.ts';
import { isWildcard, toName } from '../../pack/hosts.ts';
import { ZONE_TYPES } from '../../pack/pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { zonesWith } from '../../pack/permission.ts';
import { getZone, listZones, type Zone } from '../../store/zones.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, demandAll, zoneOf } from '../http/auth.ts';
import { listOf, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { PAGES, PageInfo, Query, readChoice, readPage, readText } from '../http/page.ts';

const ZoneParams = Type.Object({ zone_id: Type.String() });

const NewZone = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 253 }),
  type: Type.Optional(Type.Enum([...ZONE_TYPES])),
  account: Type.Optional(Type.Object({ id: Type.Optional(Type.String()) })),
});

const ZoneReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  type: Type.Enum([...ZONE_TYPES]),
  name_servers: Type.Array(Type.String()),
  created_on: Type.String(),
  modified_on: Type.String(),
  account: Type.Object({ id: Type.String(), name: Type.String() }),
});
const LIST = {
  operationId: 'zones-get',
  summary: 'List zones',
  querystring: Query,
  parameters: { ...PAGES, name: Type.String(), type: Type.Enum([...ZONE_TYPES]) },
  response: listOf(ZoneReply, PageInfo),
};
const POST = { operationId: 'zones-post', summary: 'Make a zone', body: NewZone, response: okOf(ZoneReply) };
const GET = {
  operationId: 'zones-0-get',
  summary: 'Get a zone',
  params: ZoneParams,
  response: okOf(ZoneReply),
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
      const id = await createZone(deps, zone, actorOf(request));
      deps.poke();
      const created = await getZone(deps.pool, token.accountId, id);
      if (!created) throw new Fault('zone_not_found', 'the zone was deleted meanwhile');
      const isMute = zone.type === 'full' && deps.nameServers.length === 0;
      return ok(toZoneReply(deps, created), isMute ? [NO_NAME_SERVERS] : []);
    });
    app.get('/zones/:zone_id', { schema: GET }, async (request) =>
      ok(toZoneReply(deps, zoneOf(request, request.params.zone_id, 'Zone Read'))),
    );
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

async function list(deps: ApiDeps, request: FastifyRequest, query: Query) {
  const { token } = request;
  const seen = zonesWith(token.policies, 'Zone Read');
  if (seen.length === 0) throw new Fault('missing_permission', "this token has no 'Zone Read'");
  const pages = readPage(query);
  const wantedTypes = readTypes(query['type']);
  const name = readText(query, 'name');
  const accountId = readText(query, 'account.id');
  readChoice(query, 'status', ['active']);
  const isForeign = accountId !== undefined && accountId !== token.accountId;
  const { zones, total } = await listZones(deps.pool, {
    ...pages,
    accountId: isForeign ? '' : token.accountId,
    ...(seen !== 'all' && { ids: seen }),
    ...(name !== undefined && { name: name.replace(/^equal:/, '').toLowerCase() }),
    ...(wantedTypes && { types: wantedTypes }),
  });
  const info = toResultInfo({ ...pages, count: zones.length, total });
  return { ...ok(zones.map((zone) => toZoneReply(deps, zone))), result_info: info };
}

/** `type=full&type=partial` and `type=full,partial` mean the same. */
function readTypes(value: unknown) {
  if (value === undefined) return undefined;
  const parts = (Array.isArray(value) ? value : [value]).flatMap((part) => String(part).split(','));
  return parts.flatMap((type) => readChoice({ type }, 'type', ZONE_TYPES) ?? []);
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

function toZoneReply({ nameServers }: ApiDeps, zone: Zone) {
  const createdOn = toWireTime(zone.createdOn);
  return {
    id: zone.id,
    name: zone.name,
    status: 'active',
    paused: false,
    type: zone.type,
    development_mode: 0,
    name_servers: zone.type === 'full' ? [...nameServers] : [],
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    created_on: createdOn,
    modified_on: toWireTime(zone.modifiedOn),
    activated_on: createdOn,
    account: { id: zone.accountId, name: zone.accountName },
    owner: { id: zone.accountId, name: zone.accountName, type: 'organization' },
    meta: { step: 0, custom_certificate_quota: 0, page_rule_quota: 0, phishing_detected: false },
  };
}
