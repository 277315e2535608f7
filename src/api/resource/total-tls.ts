import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { changeTotalTls, type TotalTlsWish } from '../../operation/change-total-tls.ts';
import { CERTIFICATE_AUTHORITIES } from '../../pack/pack.ts';
import { TOTAL_TLS_DAYS } from '../../pack/total-tls.ts';
import { getManagedSettings, type ManagedSettings } from '../../store/managed.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';

const TOTAL_TLS = '/zones/:zone_id/acm/total_tls';
const Params = Type.Object({ zone_id: Type.String() });
const Authority = Type.Optional(Type.Enum([...CERTIFICATE_AUTHORITIES]));
const Reply = okOf(
  Type.Object({
    enabled: Type.Boolean(),
    certificate_authority: Authority,
    validity_period: Type.Literal(TOTAL_TLS_DAYS),
  }),
);

const GET = {
  operationId: 'total-tls-total-tls-settings-details',
  summary: 'Whether a zone has a certificate pack for each proxied name that no other pack covers',
  params: Params,
  response: Reply,
};
const POST = {
  operationId: 'total-tls-enable-or-disable-total-tls',
  summary: 'Switch Total TLS on or off for a zone, and choose its CA',
  params: Params,
  body: Type.Object({ enabled: Type.Boolean(), certificate_authority: Authority }),
  response: Reply,
};
const PATCH = {
  operationId: 'total-tls-edit-total-tls',
  summary: 'Change what is said of Total TLS for a zone, and leave the rest',
  params: Params,
  body: Type.Object({ enabled: Type.Optional(Type.Boolean()), certificate_authority: Authority }),
  response: Reply,
};

/** Routes of /zones/{zone_id}/acm/total_tls. */
export const totalTlsRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(TOTAL_TLS, { schema: GET }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      return reply(deps, await getManagedSettings(deps.pool, zone.id));
    });
    app.post(TOTAL_TLS, { schema: POST }, (request) =>
      change(deps, request, request.params.zone_id, request.body),
    );
    app.patch(TOTAL_TLS, { schema: PATCH }, (request) =>
      change(deps, request, request.params.zone_id, request.body),
    );
  };

interface Body {
  readonly enabled?: boolean;
  readonly certificate_authority?: NonNullable<TotalTlsWish['totalTlsCa']>;
}

async function change(
  deps: ApiDeps,
  request: FastifyRequest,
  zoneId: string,
  { enabled, certificate_authority }: Body,
) {
  const zone = zoneOf(request, zoneId, 'SSL and Certificates Write');
  const wish = { zone, isTotalTlsOn: enabled, totalTlsCa: certificate_authority, by: actorOf(request) };
  return reply(deps, await changeTotalTls(deps, wish));
}

/** The CA that is asked first: the one that was chosen, or the operator's. */
const reply = ({ managed }: ApiDeps, { isTotalTlsOn: enabled, totalTlsCa }: ManagedSettings) => {
  const first = totalTlsCa ?? managed.rows[0]?.name;
  return ok({
    enabled,
    ...(first && { certificate_authority: first }),
    validity_period: TOTAL_TLS_DAYS,
  });
};
