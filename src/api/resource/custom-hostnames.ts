import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { changeCustomHostname } from '../../operation/change-custom-hostname.ts';
import { createCustomHostname } from '../../operation/create-custom-hostname.ts';
import { deleteCustomHostname } from '../../operation/delete-custom-hostname.ts';
import { hostnameNotFound } from '../../operation/hostname-faults.ts';
import { hostnameQuotaOf } from '../../operation/hostname-policy.ts';
import { toHostnameName } from '../../pack/hostname-name.ts';
import {
  getShownHostname,
  listShownHostnames,
  type ShownHostname,
} from '../../store/custom-hostname-list.ts';
import { getFallbackOrigin } from '../../store/fallback-origins.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { gone, goneOf, listOf, ok, okOf, toldOf, toResultInfo } from '../http/envelope.ts';
import { PageInfo, Query } from '../http/page.ts';
import { HOSTNAME_FILTERS, readHostnameFilter } from './custom-hostname-filter.ts';
import { toHostnameJson, toOriginJson } from './custom-hostname-json.ts';
import { HostnameBody, HostnamePatch, HostnameReply, OriginReply } from './custom-hostname-schema.ts';
import { readSslFields } from './custom-hostname-ssl.ts';
import { NO_TERMS, newSsl, readTerms } from './custom-hostname-terms.ts';
import { makingRequest } from './making-request.ts';
import { hostnameId } from './pack-id.ts';
import { waitForRecords } from './wait-for-records.ts';

const ZoneParams = Type.Object({ zone_id: Type.String() });
const Params = Type.Object({ zone_id: Type.String(), custom_hostname_id: Type.String() });
const ALL = '/zones/:zone_id/custom_hostnames';
const ONE = `${ALL}/:custom_hostname_id`;

const LIST = {
  operationId: 'custom-hostname-for-a-zone-list-custom-hostnames',
  summary: 'List custom hostnames',
  params: ZoneParams,
  querystring: Query,
  parameters: HOSTNAME_FILTERS,
  response: listOf(HostnameReply, PageInfo),
};
const POST = {
  operationId: 'custom-hostname-for-a-zone-create-custom-hostname',
  summary: 'Make a custom hostname, with its certificates',
  params: ZoneParams,
  body: HostnameBody,
  response: toldOf(HostnameReply),
};
const GET = {
  operationId: 'custom-hostname-for-a-zone-custom-hostname-details',
  summary: 'Get a custom hostname',
  params: Params,
  response: okOf(HostnameReply),
};
const PATCH = {
  operationId: 'custom-hostname-for-a-zone-edit-custom-hostname',
  summary:
    'Change a custom hostname; control of it is looked for at once, and what waits or ran out of its certificates tried again',
  params: Params,
  body: HostnamePatch,
  response: okOf(HostnameReply),
};
const DELETE = {
  operationId: 'custom-hostname-for-a-zone-delete-custom-hostname-(-and-any-issued-ssl-certificates)',
  summary: 'Delete a custom hostname with its certificates',
  params: Params,
  response: goneOf(),
};
const QUOTA = {
  operationId: 'custom-hostname-quota-for-a-zone-get-custom-hostname-quota',
  summary:
    'How many custom hostnames a zone is allotted, has, and may have; its fallback origin, where it has one',
  params: ZoneParams,
  response: okOf(
    Type.Object({
      allocated: Type.Integer(),
      used: Type.Integer(),
      exceeded: Type.Boolean(),
      hard_cap: Type.Integer(),
      fallback_origin: Type.Union([OriginReply, Type.Null()]),
    }),
  ),
};

/** Routes of /zones/{zone_id}/custom_hostnames. */
export const customHostnameRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { pool } = deps;
    app.get(`${ALL}/quota`, { schema: QUOTA }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const { hardCap: hard_cap, ...quota } = await hostnameQuotaOf(pool, deps.hostnames, zone.id);
      const origin = await getFallbackOrigin(pool, zone.id);
      return ok({ ...quota, hard_cap, fallback_origin: origin ? toOriginJson(origin) : null });
    });
    app.get(ALL, { schema: LIST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const { filter, page } = readHostnameFilter(request.query, zone.id);
      const { hostnames, total } = await listShownHostnames(pool, filter, page);
      const info = toResultInfo({ ...page, count: hostnames.length, total });
      return { ...ok(hostnames.map(toHostnameJson)), result_info: info };
    });
    app.get(ONE, { schema: GET }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      return ok(
        toHostnameJson(await shownHostname(deps, zone, hostnameId(request.params.custom_hostname_id))),
      );
    });
    await app.register(changes(deps));
    app.delete(ONE, { schema: DELETE }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = hostnameId(request.params.custom_hostname_id);
      await deleteCustomHostname(deps, { zone, id, by: actorOf(request) });
      deps.poke();
      return gone(id);
    });
  };

/** What makes hostnames, and changes them. */
const changes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(ALL, { schema: POST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const { body } = request;
      const { takesReserved } = deps.hostnames;
      const hostname = toHostnameName(body.hostname, {
        kind: 'hostname',
        pointer: '/hostname',
        takesReserved,
      });
      const said = readSslFields(body.ssl);
      const terms = readTerms(body, said, deps.hostnames)(NO_TERMS);
      const asked = { zone, hostname, terms, ssl: newSsl(said), by: actorOf(request) };
      const made = await createCustomHostname(deps, { ...asked, ...makingRequest(request, zone, body) });
      if (made.packId !== undefined) await named(deps, zone, made.packId);
      const shown = await shownHostname(deps, zone, made.id);
      return { ...ok(toHostnameJson(shown)), messages: await messagesOn(deps, zone, shown) };
    });

    app.patch(ONE, { schema: PATCH }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = hostnameId(request.params.custom_hostname_id);
      const body = request.body ?? {};
      await demandSameName(deps, { zone, id, hostname: body.hostname });
      const ssl = readSslFields(body.ssl);
      const terms = readTerms(body, ssl, deps.hostnames);
      const packId = await changeCustomHostname(deps, { zone, id, terms, ssl, by: actorOf(request) });
      if (packId === undefined) deps.poke();
      else await named(deps, zone, packId);
      return ok(toHostnameJson(await shownHostname(deps, zone, id)));
    });
  };

/** A new pack is begun at once, and what is to be shown for it is known soon. */
async function named(deps: ApiDeps, zone: Zone, id: string): Promise<void> {
  deps.poke(id);
  await waitForRecords(deps, { zoneId: zone.id, id, isNew: true });
}

/** A hostname as it is shown. Throws `hostname_not_found`. */
export async function shownHostname(
  { pool }: Pick<ApiDeps, 'pool'>,
  zone: Zone,
  id: string,
): Promise<ShownHostname> {
  const found = await getShownHostname(pool, zone.id, id);
  if (!found) throw hostnameNotFound(id);
  return found;
}

/** A hostname keeps its name; clients that send all of it back change nothing. */
async function demandSameName(
  deps: ApiDeps,
  { zone, id, hostname }: { readonly zone: Zone; readonly id: string; readonly hostname: string | undefined },
): Promise<void> {
  if (hostname === undefined) return;
  const { hostname: own } = (await shownHostname(deps, zone, id)).hostname;
  if (hostname.toLowerCase() === own) return;
  throw new Fault('hostname_fixed', `custom hostname ${id} is ${own}: make another one of the other name`, {
    pointer: '/hostname',
  });
}

/** What its owner may not expect. */
async function messagesOn(
  { pool, hostnames }: ApiDeps,
  zone: Zone,
  { pack }: ShownHostname,
): Promise<string[]> {
  const { allocated, used } = await hostnameQuotaOf(pool, hostnames, zone.id);
  const many = `the zone has ${used} custom hostnames, and is allotted ${allocated}: ask the operator (option zone_hostnames)`;
  const without = 'no certificate is got for the hostname: PATCH it with ssl.method and ssl.type for that';
  return [...(used > allocated ? [many] : []), ...(pack ? [] : [without])];
}
