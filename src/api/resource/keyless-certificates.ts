import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { changeKeyless, deleteKeyless, keylessNotFound } from '../../operation/change-keyless.ts';
import { createKeyless } from '../../operation/create-keyless.ts';
import { LONGEST_UPLOAD } from '../../pack/custom-certificate.ts';
import { isLeaving } from '../../pack/lifecycle.ts';
import { BUNDLE_METHODS, ENVIRONMENTS, PACK_STATUSES } from '../../pack/pack.ts';
import { restrictionFields, toWireTime } from '../../pack/pack-json.ts';
import { isOpen } from '../../pack/zone-life.ts';
import { getKeyless, type KeylessCertificate, listKeyless } from '../../store/keyless.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { listOf, type Message, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { MESSAGE_CODES } from '../http/message-codes.ts';
import { PageInfo } from '../http/page.ts';
import { GeoRestrictions, RESTRICTIONS, restrictionIn, saidIn } from './custom-certificate-schema.ts';
import { makingRequest } from './making-request.ts';
import { keylessId } from './pack-id.ts';

const ZoneParams = Type.Object({ zone_id: Type.String() });
const Params = Type.Object({ zone_id: Type.String(), keyless_certificate_id: Type.String() });
const ALL = '/zones/:zone_id/keyless_certificates';
const ONE = `${ALL}/:keyless_certificate_id`;

/** Where key servers listen unless it is said (Cloudflare, keyless_certificates, `port`). */
const USUAL_PORT = 24_008;
/** Those of a zone come in one answer. */
const MOST_LISTED = 1_000;

const PLACE = {
  host: Type.String({ minLength: 1, maxLength: 2_048 }),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  name: Type.Optional(Type.String({ maxLength: 180, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })),
  tunnel: Type.Optional(Type.Unknown()),
  deploy: Type.Optional(Type.Enum([...ENVIRONMENTS])),
  ...RESTRICTIONS,
};
const Body = Type.Object({
  ...PLACE,
  certificate: Type.String({ maxLength: LONGEST_UPLOAD }),
  bundle_method: Type.Optional(Type.Enum([...BUNDLE_METHODS])),
});
const Patch = Type.Object({
  ...PLACE,
  host: Type.Optional(PLACE.host),
  enabled: Type.Optional(Type.Unknown()),
});

const Reply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  host: Type.String(),
  port: Type.Integer(),
  status: Type.Enum(['active', 'deleted']),
  enabled: Type.Boolean(),
  permissions: Type.Array(Type.String()),
  created_on: Type.String({ format: 'date-time' }),
  modified_on: Type.String({ format: 'date-time' }),
  deploy: Type.Enum([...ENVIRONMENTS]),
  certificate_pack_id: Type.String(),
  pack_status: Type.Enum([...PACK_STATUSES]),
  validation_errors: Type.Array(Type.Object({ message: Type.String() })),
  geo_restrictions: Type.Optional(GeoRestrictions),
  policy_restrictions: Type.Optional(Type.String()),
});
const One = okOf(Reply);

const LIST = {
  operationId: 'keyless-ssl-for-a-zone-list-keyless-ssl-configurations',
  summary: 'List keyless certificates',
  params: ZoneParams,
  response: listOf(Reply, PageInfo),
};
const POST = {
  operationId: 'keyless-ssl-for-a-zone-create-keyless-ssl-configuration',
  summary: 'Bring a certificate whose private key stays in a PKCS#11 token or behind a key server',
  params: ZoneParams,
  body: Body,
  response: One,
};
const GET = {
  operationId: 'keyless-ssl-for-a-zone-get-keyless-ssl-configuration',
  summary: 'Get a keyless certificate',
  params: Params,
  response: One,
};
const PATCH = {
  operationId: 'keyless-ssl-for-a-zone-edit-keyless-ssl-configuration',
  summary: 'Say anew where the private key of a keyless certificate is, or how it is called',
  params: Params,
  body: Patch,
  response: One,
};
const DELETE = {
  operationId: 'keyless-ssl-for-a-zone-delete-keyless-ssl-configuration',
  summary: 'Delete a keyless certificate',
  params: Params,
  response: okOf(Type.Object({ id: Type.String() })),
};

/** Routes of /zones/{zone_id}/keyless_certificates. */
export const keylessRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(ALL, { schema: LIST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const found = await listKeyless(deps.pool, zone.id, SHOWN, MOST_LISTED);
      const info = toResultInfo({ page: 1, perPage: MOST_LISTED, count: found.length, total: found.length });
      return { ...ok(found.map(toJson)), result_info: info };
    });
    app.get(ONE, { schema: GET }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      return ok(toJson(await existing(deps, zone, keylessId(request.params.keyless_certificate_id))));
    });
    await app.register(changes(deps));
    app.delete(ONE, { schema: DELETE }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = keylessId(request.params.keyless_certificate_id);
      await deleteKeyless(deps, { zoneId: zone.id, id, by: actorOf(request) });
      deps.poke();
      return ok({ id });
    });
  };

/** What brings and changes them. */
const changes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(ALL, { schema: POST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const { body } = request;
      demandOffered(body);
      const {
        certificate,
        host,
        port = USUAL_PORT,
        name = '',
        bundle_method: bundleMethod = 'ubiquitous',
        deploy: environment = 'production',
      } = body;
      const ask = { zone, certificate, bundleMethod, environment, by: actorOf(request) };
      const facts = { name, host, port, restriction: restrictionIn(body) };
      const said = makingRequest(request, zone, saidIn(body));
      const made = await createKeyless(deps, { ...ask, facts, ...said });
      if (made.isNew) deps.poke(made.id);
      return ok(toJson(await existing(deps, zone, made.id)), messagesOn(zone));
    });
    app.patch(ONE, { schema: PATCH }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = keylessId(request.params.keyless_certificate_id);
      demandOffered(request.body);
      const { host, port, name, deploy: environment } = request.body;
      const facts = { host, port, name, restriction: restrictionIn(request.body) };
      const change = { zoneId: zone.id, id, by: actorOf(request), facts, environment };
      for (const served of await changeKeyless(deps, change)) deps.pushChange(served);
      deps.poke();
      return ok(toJson(await existing(deps, zone, id)));
    });
  };

/** Statuses of packs that a list shows: those that are not on their way out. */
const SHOWN = PACK_STATUSES.filter((status) => !isLeaving(status));

async function existing({ pool }: ApiDeps, zone: Zone, id: string): Promise<KeylessCertificate> {
  const found = await getKeyless(pool, { id, zone });
  if (!found) throw keylessNotFound(id);
  return found;
}

const toJson = (one: KeylessCertificate) => ({
  id: one.id,
  name: one.name,
  host: one.host,
  port: one.port,
  status: isLeaving(one.status) ? ('deleted' as const) : ('active' as const),
  enabled: true,
  permissions: ['#ssl:read', '#ssl:edit'],
  created_on: toWireTime(one.createdOn),
  modified_on: toWireTime(one.modifiedOn),
  deploy: one.environment,
  certificate_pack_id: one.packId,
  pack_status: one.status,
  validation_errors: one.validationErrors.map((message) => ({ message })),
  ...restrictionFields(one.restriction),
});

const messagesOn = (zone: Zone): Message[] =>
  isOpen(zone)
    ? []
    : [
        {
          code: MESSAGE_CODES.zone_waits,
          message: `the zone ${zone.name} is ${zone.isPaused ? 'paused' : zone.status}: the certificate is held until it is active and not paused`,
        },
      ];

/** Throws `not_offered` for a field that would change what is meant, if it were passed over. */
function demandOffered({ tunnel, enabled }: Partial<Static<typeof Patch>>): void {
  if (tunnel !== undefined && tunnel !== null)
    throw new Fault(
      'not_offered',
      'tunnel: there are no tunnels here; leave it out, and name a host that our edges reach',
      {
        pointer: '/tunnel',
      },
    );
  if (enabled === undefined || enabled === null || enabled === true) return;
  throw new Fault(
    'not_offered',
    'enabled: it is always true here; delete the keyless certificate in its place',
    {
      pointer: '/enabled',
    },
  );
}
