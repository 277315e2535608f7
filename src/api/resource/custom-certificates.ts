import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { createUpload } from '../../operation/create-upload.ts';
import { deleteUpload } from '../../operation/delete-upload.ts';
import { certificateNotFound } from '../../operation/locked-upload.ts';
import { prioritizeUploads } from '../../operation/prioritize-uploads.ts';
import { replaceUpload } from '../../operation/replace-upload.ts';
import { CUSTOM_STATUSES, statusesShown } from '../../pack/custom-certificate.ts';
import { isInZone } from '../../pack/hosts.ts';
import { isOpen } from '../../pack/zone-life.ts';
import {
  type CustomCertificate,
  getCustomCertificate,
  getCustomCertificateOf,
  listCustomCertificates,
} from '../../store/uploads.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { listOf, type Message, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { MESSAGE_CODES } from '../http/message-codes.ts';
import { PAGES, PageInfo, Query, readChoice, readPage } from '../http/page.ts';
import {
  CustomCertificateReply,
  csrIn,
  Priorities,
  restrictionIn,
  saidIn,
  toCustomCertificateJson,
  UploadBody,
  UploadPatch,
} from './custom-certificate-schema.ts';
import { makingRequest } from './making-request.ts';
import { certificateId } from './pack-id.ts';

const ZoneParams = Type.Object({ zone_id: Type.String() });
const Params = Type.Object({ zone_id: Type.String(), custom_certificate_id: Type.String() });
const ALL = '/zones/:zone_id/custom_certificates';
const ONE = `${ALL}/:custom_certificate_id`;
/** There is one thing to match by, so that both come to the same. */
const MATCHES = ['all', 'any'] as const;

const LIST = {
  operationId: 'custom-ssl-for-a-zone-list-ssl-configurations',
  summary: 'List custom certificates',
  params: ZoneParams,
  querystring: Query,
  parameters: { ...PAGES, match: Type.Enum([...MATCHES]), status: Type.Enum([...CUSTOM_STATUSES]) },
  response: listOf(CustomCertificateReply, PageInfo),
};
const POST = {
  operationId: 'custom-ssl-for-a-zone-create-ssl-configuration',
  summary: 'Upload a certificate with its private key',
  params: ZoneParams,
  body: UploadBody,
  response: okOf(CustomCertificateReply),
};
const GET = {
  operationId: 'custom-ssl-for-a-zone-ssl-configuration-details',
  summary: 'Get a custom certificate',
  params: Params,
  response: okOf(CustomCertificateReply),
};
const PATCH = {
  operationId: 'custom-ssl-for-a-zone-edit-ssl-configuration',
  summary:
    'Put another certificate, chain or environment in the place of a custom certificate, without a moment unserved',
  params: Params,
  body: UploadPatch,
  response: okOf(CustomCertificateReply),
};
const DELETE = {
  operationId: 'custom-ssl-for-a-zone-delete-ssl-configuration',
  summary: 'Delete a custom certificate',
  params: Params,
  response: okOf(Type.Object({ id: Type.String() })),
};
const PUT = {
  operationId: 'custom-ssl-for-a-zone-re-prioritize-ssl-certificates',
  summary:
    'Set which of several custom certificates of one type goes first: the one with the higher priority',
  params: ZoneParams,
  body: Priorities,
  response: listOf(CustomCertificateReply, PageInfo),
};

/** Routes of /zones/{zone_id}/custom_certificates. */
export const customCertificateRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { pool } = deps;
    app.get(ALL, { schema: LIST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const pages = readPage(request.query);
      readChoice(request.query, 'match', MATCHES);
      return list(deps, zone, { ...pages, status: readChoice(request.query, 'status', CUSTOM_STATUSES) });
    });
    app.get(ONE, { schema: GET }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const id = certificateId(request.params.custom_certificate_id);
      const found = await getCustomCertificate(pool, zone.id, id);
      if (!found) throw certificateNotFound(id);
      return ok(toCustomCertificateJson(found));
    });
    await app.register(uploads(deps));
    app.delete(ONE, { schema: DELETE }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = certificateId(request.params.custom_certificate_id);
      await deleteUpload(deps, { zoneId: zone.id, id, by: actorOf(request) });
      deps.poke();
      return ok({ id });
    });
    app.put(`${ALL}/prioritize`, { schema: PUT }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const priorities = prioritiesIn(request.body);
      await prioritizeUploads(deps, { zoneId: zone.id, priorities, by: actorOf(request) });
      return list(deps, zone, { page: 1, perPage: 1_000, status: undefined });
    });
  };

/** What brings certificates. */
const uploads =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(ALL, { schema: POST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const { body } = request;
      const { bundle_method: bundleMethod = 'ubiquitous', deploy: environment = 'production' } = body;
      const given = { certificate: body.certificate, privateKey: body.private_key, bundleMethod };
      const { type = 'legacy_custom' } = body;
      const restriction = restrictionIn(body);
      const by = actorOf(request);
      const asked = { zone, given, type, environment, restriction, csrId: csrIn(body), by };
      const said = makingRequest(request, zone, saidIn(body));
      const { id, isNew } = await createUpload(deps, { ...asked, ...said });
      if (isNew) deps.poke(id);
      return uploaded(deps, zone, id);
    });

    app.patch(ONE, { schema: PATCH }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = certificateId(request.params.custom_certificate_id);
      const body = request.body ?? {};
      const { certificate, private_key: privateKey, bundle_method: bundleMethod, deploy: environment } = body;
      const restriction = restrictionIn(body);
      const by = actorOf(request);
      const csrId = csrIn(body);
      const wanted = { zone, id, certificate, privateKey, csrId, bundleMethod, environment, restriction, by };
      const said = makingRequest(request, zone, { ...saidIn(body), patched: id });
      const { id: packId } = await replaceUpload(deps, { ...wanted, ...said });
      deps.poke(packId);
      return uploaded(deps, zone, packId);
    });
  };

async function uploaded({ pool }: ApiDeps, zone: Zone, packId: string) {
  const found = await getCustomCertificateOf(pool, { id: packId, zone });
  if (!found) throw certificateNotFound(packId);
  return ok(toCustomCertificateJson(found), messagesOn(found, zone));
}

/** What its owner may not expect. */
function messagesOn({ hosts }: CustomCertificate, zone: Zone): Message[] {
  const elsewhere = hosts.filter((host) => !isInZone(host, zone.name));
  const many = elsewhere.length > 1 ? ` and ${elsewhere.length - 1} more` : '';
  return [
    ...(elsewhere.length > 0
      ? [
          {
            code: MESSAGE_CODES.hosts_elsewhere,
            message: `not served by this zone, as not of it: ${elsewhere[0]}${many}`,
          },
        ]
      : []),
    ...(isOpen(zone)
      ? []
      : [
          {
            code: MESSAGE_CODES.zone_waits,
            message: `the zone ${zone.name} is ${zone.isPaused ? 'paused' : zone.status}: the certificate is held until it is active and not paused`,
          },
        ]),
  ];
}

interface Asked {
  readonly page: number;
  readonly perPage: number;
  readonly status: (typeof CUSTOM_STATUSES)[number] | undefined;
}

async function list({ pool }: ApiDeps, zone: Zone, { status, ...pages }: Asked) {
  const filter = { zoneId: zone.id, statuses: statusesShown(status) };
  const { certificates, total } = await listCustomCertificates(pool, filter, pages);
  const info = toResultInfo({ ...pages, count: certificates.length, total });
  return { ...ok(certificates.map(toCustomCertificateJson)), result_info: info };
}

/** Those that name a certificate and a priority; Cloudflare's schema demands neither. */
function prioritiesIn({ certificates }: Static<typeof Priorities>) {
  const named = certificates.flatMap(({ id, priority }, i) =>
    id === undefined || priority === undefined ? [] : [{ id: certificateId(id), priority, i }],
  );
  const twice = named.find(({ id }, i) => named.findIndex((one) => one.id === id) !== i);
  if (!twice) return named;
  throw new Fault('malformed_request', `certificate ${twice.id} is there twice`, {
    pointer: `/certificates/${twice.i}/id`,
  });
}
