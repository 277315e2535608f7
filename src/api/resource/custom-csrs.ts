import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { createCsr } from '../../operation/create-csr.ts';
import { csrNotFound } from '../../operation/csr-event.ts';
import { deleteCsr } from '../../operation/delete-csr.ts';
import { CSR_KEY_TYPES, toCsrTerms } from '../../pack/custom-csr.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import type { Permission } from '../../pack/permission.ts';
import { CSR_ORDERS, type CsrOwner, type CustomCsr, getCsr, listCsrs } from '../../store/custom-csrs.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, checkAccount, demandAll, zoneOf } from '../http/auth.ts';
import { createdOf, listOf, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { PAGES, PageInfo, Query, readChoice, readPage } from '../http/page.ts';
import { keyedRequest } from './keyed-request.ts';
import { isRetried } from './making-request.ts';
import { csrId } from './pack-id.ts';

const Text = Type.Optional(Type.String());
/** What is missing, or too long, has codes of its own: `toCsrTerms` tells it. */
const Body = Type.Object({
  common_name: Text,
  country: Text,
  state: Text,
  locality: Text,
  organization: Text,
  organizational_unit: Text,
  sans: Type.Optional(Type.Array(Type.String())),
  key_type: Text,
  name: Text,
  description: Text,
});
const CsrReply = Type.Object({
  id: Type.String(),
  account_tag: Type.String(),
  common_name: Type.String(),
  country: Type.String(),
  state: Type.String(),
  locality: Type.String(),
  organization: Type.String(),
  organizational_unit: Type.Optional(Type.String()),
  sans: Type.Array(Type.String()),
  key_type: Type.Enum([...CSR_KEY_TYPES]),
  name: Type.String(),
  description: Type.String(),
  csr: Type.String(),
  created_at: Type.String({ format: 'date-time' }),
});
const IdReply = Type.Object({ id: Type.String() });
const DIRECTIONS = ['asc', 'desc'] as const;
const USUAL_PAGE = 50;

/** Requests are an account's, or a zone's: both in the same way. */
const SIDES = [
  ['account', '/accounts/:account_id/custom_csrs'],
  ['zone', '/zones/:zone_id/custom_csrs'],
] as const;
type Side = (typeof SIDES)[number];

/** One of the two is there, as the path has it. */
const Owner = { account_id: Type.Optional(Type.String()), zone_id: Type.Optional(Type.String()) };
const All = Type.Object(Owner);
const One = Type.Object({ ...Owner, custom_csr_id: Type.String() });

const schemasOf = ([of]: Side) => {
  return {
    list: {
      operationId: `list-custom-csrs-of-${of}`,
      summary: `Requests for certificates of this ${of} whose keys are kept here`,
      params: All,
      querystring: Query,
      parameters: { ...PAGES, order: Type.Enum([...CSR_ORDERS]), direction: Type.Enum([...DIRECTIONS]) },
      response: listOf(CsrReply, PageInfo),
    },
    create: {
      operationId: `create-custom-csr-of-${of}`,
      summary: 'Make a key, which stays here, and a request for a certificate of it',
      params: All,
      body: Body,
      response: createdOf(CsrReply),
    },
    get: {
      operationId: `get-custom-csr-of-${of}`,
      summary: 'Get a request for a certificate',
      params: One,
      response: okOf(CsrReply),
    },
    delete: {
      operationId: `delete-custom-csr-of-${of}`,
      summary: 'Delete a request and its key, which no custom certificate has',
      params: One,
      response: okOf(IdReply),
    },
  };
};

/** Routes of /accounts/{account_id}/custom_csrs and /zones/{zone_id}/custom_csrs. */
export const customCsrRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    for (const side of SIDES) await app.register(routesOf(deps, side));
  };

const routesOf =
  (deps: ApiDeps, side: Side): FastifyPluginAsyncTypebox =>
  async (app) => {
    const [, path] = side;
    const schemas = schemasOf(side);
    app.get(path, { schema: schemas.list }, async (request) => {
      const owner = ownerOf(request, 'SSL and Certificates Read');
      const { query } = request;
      const pages = readPage(query, USUAL_PAGE);
      const order = readChoice(query, 'order', CSR_ORDERS) ?? 'created_at';
      const isDescending = readChoice(query, 'direction', DIRECTIONS) === 'desc';
      const { csrs, total } = await listCsrs(deps.pool, owner, { ...pages, order, isDescending });
      const info = toResultInfo({ ...pages, count: csrs.length, total });
      return { ...ok(csrs.map(toJson)), result_info: info };
    });
    app.post(path, { schema: schemas.create }, async (request, reply) => {
      const owner = ownerOf(request, 'SSL and Certificates Write');
      const terms = toCsrTerms(request.body);
      const keyed = keyedRequest(request, owner.accountId, `custom_csr ${owner.zoneId ?? ''}`);
      const asked = { ...owner, terms, request: keyed, isRetry: isRetried(request), by: actorOf(request) };
      const made = await createCsr(deps, asked);
      reply.code(201);
      return ok(toJson(made));
    });
    app.get(`${path}/:custom_csr_id`, { schema: schemas.get }, async (request) => {
      const { accountId, zoneId } = ownerOf(request, 'SSL and Certificates Read');
      const id = csrId(request.params.custom_csr_id);
      const found = await getCsr(deps.pool, { accountId, id });
      if (!found || found.zoneId !== zoneId) throw csrNotFound(id);
      return ok(toJson(found));
    });
    app.delete(`${path}/:custom_csr_id`, { schema: schemas.delete }, async (request) => {
      const owner = ownerOf(request, 'SSL and Certificates Write');
      const id = csrId(request.params.custom_csr_id);
      await deleteCsr(deps, { ...owner, id }, actorOf(request));
      return ok({ id });
    });
  };

type Asked = FastifyRequest<{ Params: Static<typeof All> }>;

/** Whose requests are asked for. Throws as `checkAccount` and `demandAll`, or as `zoneOf`. */
function ownerOf(request: Asked, permission: Permission): CsrOwner {
  const { account_id: accountId = '', zone_id: zoneId } = request.params;
  if (zoneId !== undefined) {
    const zone = zoneOf(request, zoneId, permission);
    return { accountId: zone.accountId, zoneId: zone.id };
  }
  checkAccount(request.token, request, accountId, permission);
  demandAll(request.token, permission);
  return { accountId, zoneId: undefined };
}

const toJson = ({ subject, ...one }: CustomCsr) => ({
  id: one.id,
  account_tag: one.accountId,
  common_name: subject.common_name,
  country: subject.country,
  state: subject.state,
  locality: subject.locality,
  organization: subject.organization,
  ...(subject.organizational_unit && { organizational_unit: subject.organizational_unit }),
  sans: [...one.sans],
  key_type: one.keyType,
  name: one.name,
  description: one.description,
  csr: one.csr,
  created_at: toWireTime(one.createdOn),
});
